/// An invocation's identifier, which its request has too.
public enum RecordIdentifier: Equatable, Sendable, CustomStringConvertible {
    /// A UUID that is written in lower case with hyphens (RFC 9562 §4).
    case uuid(high: UInt64, low: UInt64)
    /// Any other text, as a caller may give.
    case text(String)

    /// Takes a text as a UUID if it is one.
    public init(_ text: String) {
        if let (high, low) = Hexadecimal.uuid(text) {
            self = .uuid(high: high, low: low)
        } else {
            self = .text(text)
        }
    }

    /// The text.
    public var description: String {
        switch self {
        case .uuid(let high, let low): Hexadecimal.uuid(high: high, low: low)
        case .text(let text): text
        }
    }

    /// The same in every process.
    var hash: UInt64 {
        switch self {
        case .uuid(let high, let low):
            return Self.mix(high ^ Self.mix(low))
        case .text(let text):
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return Self.mix(hash)
        }
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ value >> 32) &* 0xd6e8_feb8_6659_fd93
        return product ^ product >> 32
    }
}

extension RecordIdentifier: ExpressibleByStringInterpolation {
    /// Takes a text as a UUID if it is one.
    public init(stringLiteral text: String) { self.init(text) }
}
