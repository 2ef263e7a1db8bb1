/// What ties a request to its record and to the caller's trace.
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

    /// The trace id of a `traceparent` value (W3C Trace Context §3.2), or nil when it is not one.
    static func traceIdentifier(ofTraceparent value: String) -> String? {
        let parts = value.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].count == 2, parts[1].count == 32, parts[2].count == 16,
            parts[3].count == 2
        else { return nil }
        // Version 00 has exactly these four parts; later ones may append more; ff is forbidden.
        guard !parts[0].elementsEqual("ff".utf8) else { return nil }
        guard parts.count == 4 || !parts[0].elementsEqual("00".utf8) else { return nil }
        guard parts[0...3].allSatisfy({ $0.allSatisfy(isHexadecimal) }) else { return nil }
        let isZero = { (part: Substring.UTF8View) in part.allSatisfy { $0 == UInt8(ascii: "0") } }
        guard !isZero(parts[1]), !isZero(parts[2]) else { return nil }
        return String(Substring(parts[1]))
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
