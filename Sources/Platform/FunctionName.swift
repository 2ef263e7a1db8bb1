/// The name of a function: 1 to 63 of `a`–`z`, `0`–`9` and `-`, with no `-` at either end.
///
/// The set is that of a DNS label, so a name is safe in a URL path, a host name and a log line.
public struct FunctionName: Hashable, Sendable, CustomStringConvertible {
    /// The most bytes in a name.
    public static let byteCountMax = 63

    /// The name as text.
    public let description: String

    /// Checks a name; nil when it breaks the rule.
    public init?(_ text: some StringProtocol) {
        var count = 0
        var last: UInt8?
        for byte in text.utf8 {
            guard count < Self.byteCountMax else { return nil }
            // A hyphen is allowed except as the first or the last byte.
            guard Self.isAlphanumeric(byte) || (byte == UInt8(ascii: "-") && count > 0) else {
                return nil
            }
            last = byte
            count += 1
        }
        guard let last, Self.isAlphanumeric(last) else { return nil }
        description = String(text)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
