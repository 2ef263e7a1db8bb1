import HTTP
import Store

/// The choice among an alias's versions by something that the request shows.
///
/// The same value always comes to the same point between 0 and 1, whichever process asks: a share that grows
/// keeps those that it had.
struct StickyChoice: Sendable {
    private let key: StickyKey
    private let seed: UInt64

    /// Points differ from function to function, so that the first to get one's new version are not the first
    /// everywhere.
    init(_ key: StickyKey, function: FunctionName) {
        self.key = key
        seed = Self.hash(function.description.utf8, 0xcbf2_9ce4_8422_2325)
    }

    /// The point of a request, between 0 and 1; nil when it does not show the value.
    func point(of head: RequestHead) -> Double? {
        switch key {
        case .header(let name):
            guard let index = head.fields.firstIndex(of: name) else { return nil }
            return point(of: head.fields.octets(at: index))
        case .cookie(let name):
            return cookie(name, head.fields).flatMap { point(of: $0) }
        }
    }

    private func point(of value: ArraySlice<UInt8>) -> Double? {
        guard !value.isEmpty else { return nil }
        var mixed = Self.hash(value, seed)
        // The last bytes alone would leave the upper bits nearly alike.
        mixed = (mixed ^ mixed >> 33) &* 0xff51_afd7_ed55_8ccd
        mixed = (mixed ^ mixed >> 33) &* 0xc4ce_b9fe_1a85_ec53
        mixed ^= mixed >> 33
        return Double(mixed >> 11) * 0x1p-53
    }

    /// The value of the first cookie of that name (RFC 6265 §4.2.1).
    private func cookie(_ name: String, _ fields: Fields) -> ArraySlice<UInt8>? {
        for index in 0..<fields.count where fields.isName(at: index, "cookie") {
            for pair in fields.octets(at: index).split(separator: UInt8(ascii: ";")) {
                let pair = pair.drop { $0 == UInt8(ascii: " ") }
                guard let sign = pair.firstIndex(of: UInt8(ascii: "=")),
                    pair[..<sign].elementsEqual(name.utf8)
                else { continue }
                return pair[(sign + 1)...]
            }
        }
        return nil
    }

    /// FNV-1a.
    private static func hash(_ bytes: some Sequence<UInt8>, _ start: UInt64) -> UInt64 {
        bytes.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
