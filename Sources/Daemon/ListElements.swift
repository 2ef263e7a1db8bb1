import HTTP

/// The elements of a list (RFC 9110 §5.6.1), the last first, without blanks and empty ones.
///
/// Read backwards, and only as far as it is asked for: what a proxy has appended to a list is read
/// as the proxy meant it, whatever stands before.
struct ListElements: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>
    private let separator: UInt8

    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")

    /// The elements of a text.
    init(_ octets: ArraySlice<UInt8>, separator: UInt8) {
        rest = octets
        self.separator = separator
    }

    /// The elements of all field lines of a name, which are one list.
    init(_ fields: Fields, _ name: String) {
        var octets: [UInt8] = []
        for index in 0..<fields.count where fields.isName(at: index, name) {
            octets.append(UInt8(ascii: ","))
            octets += fields.octets(at: index)
        }
        self.init(octets[...], separator: UInt8(ascii: ","))
    }

    mutating func next() -> ArraySlice<UInt8>? {
        while !rest.isEmpty {
            let element = Self.trimmed(takeLast())
            if !element.isEmpty { return element }
        }
        return nil
    }

    /// As ``next()``, as text.
    mutating func nextText() -> String? { next().map { String(decoding: $0, as: UTF8.self) } }

    /// Cuts off what follows the last separator outside of quotes.
    private mutating func takeLast() -> ArraySlice<UInt8> {
        let octets = rest
        var isQuoted = false
        var index = octets.endIndex
        while index > octets.startIndex {
            index -= 1
            if octets[index] == separator, !isQuoted {
                rest = octets[..<index]
                return octets[(index + 1)...]
            }
            if octets[index] == Self.quote, !isQuoted || !Self.isEscaped(index, in: octets) {
                isQuoted.toggle()
            }
        }
        rest = []
        return octets
    }

    private static func isEscaped(_ index: Int, in octets: ArraySlice<UInt8>) -> Bool {
        let backslashes = octets[..<index].reversed().prefix { $0 == backslash }
        return backslashes.count % 2 == 1
    }

    private static func trimmed(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 }
        var octets = octets.drop(while: isBlank)
        while let last = octets.last, isBlank(last) { octets.removeLast() }
        return octets
    }
}
