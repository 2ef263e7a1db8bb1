/// What ties a request to its record.
enum RequestIdentity {
    /// The most bytes of a request id that is taken from a caller.
    static let identifierBytesMax = 128

    /// Whether a caller's `X-Request-Id` can be kept: bounded, and of characters that are safe in
    /// URLs, logs and headers.
    static func isAcceptable(_ identifier: String) -> Bool {
        let bytes = identifier.utf8
        guard !bytes.isEmpty, bytes.count <= identifierBytesMax else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "+"),
                UInt8(ascii: "@"):
                true
            default:
                false
            }
        }
    }
}
