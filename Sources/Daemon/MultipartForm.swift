/// A body of the type `multipart/form-data` (RFC 7578), taken apart.
struct MultipartForm {
    struct Part {
        let name: String
        let contentType: String?
        let body: ArraySlice<UInt8>
    }

    private(set) var parts: [Part] = []

    /// The most parts.
    private static let partsMax = 16
    /// The most bytes of a part's header.
    private static let headerBytesMax = 8_192

    /// Whether a content type is that of a form.
    static func isMeant(by contentType: String) -> Bool {
        contentType.prefix { $0 != ";" }.lowercased().filter { $0 != " " } == "multipart/form-data"
    }

    /// Takes a body apart; names must be unique.
    init(_ body: [UInt8], contentType: String) throws(Problem) {
        guard let boundary = Self.parameter("boundary", of: contentType),
            (1...70).contains(boundary.utf8.count)
        else {
            throw .badRequest(
                "Content-Type multipart/form-data has no boundary of 1 to 70 characters"
            )
        }
        let delimiter = Array("\r\n--\(boundary)".utf8)
        // What stands before the first delimiter means nothing: RFC 2046 §5.1.1.
        var rest = body[...]
        if rest.starts(with: delimiter.dropFirst(2)) {
            rest = rest.dropFirst(delimiter.count - 2)
        } else {
            guard let start = Self.find(delimiter, in: rest) else {
                throw Self.malformed("it has no part")
            }
            rest = rest[(start + delimiter.count)...]
        }
        while !rest.starts(with: "--".utf8) {
            guard parts.count < Self.partsMax else {
                throw Self.malformed("it has more than \(Self.partsMax) parts")
            }
            guard let end = Self.find(delimiter, in: rest) else {
                throw Self.malformed("its last boundary is missing")
            }
            let part = try Self.part(rest[..<end])
            guard !parts.contains(where: { $0.name == part.name }) else {
                throw Self.malformed("part '\(part.name)' is given twice")
            }
            parts.append(part)
            rest = rest[(end + delimiter.count)...]
        }
    }

    private static func malformed(_ reason: String) -> Problem {
        .badRequest("the form is malformed: \(reason)")
    }

    private static func part(_ bytes: ArraySlice<UInt8>) throws(Problem) -> Part {
        // Blanks may follow the boundary.
        let lines = bytes.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let blank = Array("\r\n\r\n".utf8)
        guard lines.starts(with: "\r\n".utf8),
            let end = find(blank, in: lines.prefix(headerBytesMax + blank.count))
        else { throw malformed("a part has no header of at most \(headerBytesMax) bytes") }
        var fields: [String: String] = [:]
        for line in String(decoding: lines[..<end], as: UTF8.self).split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":") else {
                throw malformed("a part's header has no colon")
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            fields[line[..<colon].lowercased()] = String(value)
        }
        guard let name = fields["content-disposition"].flatMap({ parameter("name", of: $0) }) else {
            throw malformed("a part has no name in its Content-Disposition")
        }
        return Part(
            name: name,
            contentType: fields["content-type"],
            body: lines[(end + blank.count)...]
        )
    }

    /// A parameter of a field's value, without its quotes.
    private static func parameter(_ name: String, of value: String) -> String? {
        for parameter in value.split(separator: ";").dropFirst() {
            let halves = parameter.split(separator: "=", maxSplits: 1)
            guard halves.count == 2, halves[0].lowercased().filter({ $0 != " " }) == name else {
                continue
            }
            let text = halves[1].drop { $0 == " " }
            guard text.first == "\"" else { return String(text.prefix { $0 != " " }) }
            return String(text.dropFirst().prefix { $0 != "\"" })
        }
        return nil
    }

    /// Where a pattern begins, which begins with a byte that is rare.
    private static func find(_ pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var rest = bytes
        while let start = rest.firstIndex(of: pattern[0]) {
            rest = rest[start...]
            if rest.starts(with: pattern) { return start }
            rest = rest.dropFirst()
        }
        return nil
    }
}
