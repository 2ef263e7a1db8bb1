/// The command line that CGI makes of a query string. RFC 3875 §4.4
enum QueryArguments {
    /// The words of a query string that has no unencoded `=`: separated by `+`, decoded.
    ///
    /// Empty when the query has an `=`, or a word that is not validly encoded.
    static func words(of query: some Collection<UInt8>) -> [[UInt8]] {
        guard !query.isEmpty, !query.contains(UInt8(ascii: "=")) else { return [] }
        var words: [[UInt8]] = []
        let parts = query.split(separator: UInt8(ascii: "+"), omittingEmptySubsequences: true)
        for part in parts {
            guard let word = PercentEncoding.decode(part) else { return [] }
            words.append(word)
        }
        return words
    }
}

/// Percent-encoding of URIs. RFC 3986 §2.1
enum PercentEncoding {
    /// The decoded bytes; nil when a `%` is not followed by two hexadecimal digits, or when a NUL
    /// results, which no C string can hold.
    static func decode(_ bytes: some Collection<UInt8>) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(digit),
                let low = iterator.next().flatMap(digit)
            else { return nil }
            decoded.append(high << 4 | low)
        }
        return decoded.contains(0) ? nil : decoded
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
