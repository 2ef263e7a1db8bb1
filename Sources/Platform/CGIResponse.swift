import HTTP

/// What a CGI program answered: its status, its header fields, and where its body begins.
///
/// RFC 3875 §6. Lines end in LF or CRLF. A redirect to a local path is passed on to the client
/// like any other, instead of being followed here (§6.2.2 leaves the choice of method unclear).
struct CGIResponse: Equatable {
    /// Why output is not a CGI response.
    enum Invalid: Error, Equatable, CustomStringConvertible {
        case empty
        case headerNotEnded(byteCount: Int)
        case headerTooLarge(byteCountMax: Int)
        case tooManyFields(countMax: Int)
        case malformedLine(number: Int)
        case malformedStatus(String)
        case malformedLength(String)
        case repeatedField(String)
        case noDocument

        /// Whether more output may make a response of it.
        var mayBecomeValid: Bool {
            switch self {
            case .empty, .headerNotEnded: true
            default: false
            }
        }

        var description: String {
            switch self {
            case .empty:
                "the function wrote nothing to its standard output"
            case .headerNotEnded(let count):
                "no blank line ends the header block in \(count) bytes of output"
            case .headerTooLarge(let max):
                "the header block is larger than \(max) bytes"
            case .tooManyFields(let max):
                "the header block has more than \(max) fields"
            case .malformedLine(let number):
                "line \(number) of the header block is not 'Name: value'"
            case .malformedStatus(let value):
                "Status is '\(value)' when it should be 200 to 599"
            case .malformedLength(let value):
                "Content-Length is '\(value)' when it should be a number"
            case .repeatedField(let name):
                "\(name) is given more than once"
            case .noDocument:
                "the header block has none of Content-Type, Location and Status"
            }
        }
    }

    /// The most bytes of the header block.
    static let headerBytesMax = 64 << 10
    /// The most fields in it.
    static let fieldsMax = 128

    var status = 200
    /// With room for those that the platform adds.
    var fields = Fields(capacity: 10)
    /// The body's length in bytes, if the program told it.
    var contentLength: Int?
    /// The index in the output of the body's first byte.
    var bodyStart = 0

    /// Reads the header block of a program's output.
    init(parsing output: [UInt8]) throws(Invalid) {
        guard !output.isEmpty else { throw .empty }
        var reader = HeaderReader(limit: min(output.count, Self.headerBytesMax))
        var seen = Seen()
        var count = 0
        while let line = try reader.nextLine(of: output.span) {
            count += 1
            guard count <= Self.fieldsMax else { throw .tooManyFields(countMax: Self.fieldsMax) }
            let field = try Self.field(in: output.span, line, number: reader.lineNumber)
            let name = output[field.name]
            let value = output[field.value]
            switch try seen.note(name, value) {
            case .pass: fields.append(name: name, value: value)
            case .drop: continue
            }
        }
        guard seen.contentType || seen.location || seen.status != nil else { throw .noDocument }
        status = seen.status ?? (seen.location ? 302 : 200)
        contentLength = seen.contentLength
        bodyStart = reader.position
    }

    private static func field(
        in bytes: Span<UInt8>,
        _ line: Range<Int>,
        number: Int
    ) throws(Invalid) -> (name: Range<Int>, value: Range<Int>) {
        var colon = line.lowerBound
        while colon < line.upperBound, HeaderByte.isToken(bytes[colon]) { colon += 1 }
        guard colon > line.lowerBound, colon < line.upperBound,
            bytes[colon] == UInt8(ascii: ":")
        else { throw .malformedLine(number: number) }
        var start = colon + 1
        var end = line.upperBound
        while start < end, HeaderByte.isBlank(bytes[start]) { start += 1 }
        while end > start, HeaderByte.isBlank(bytes[end - 1]) { end -= 1 }
        for index in start..<end where !HeaderByte.isFieldContent(bytes[index]) {
            throw .malformedLine(number: number)
        }
        return (line.lowerBound..<colon, start..<end)
    }
}

/// The fields with a meaning to the server that a header block has had so far.
private struct Seen {
    enum Verdict {
        case pass
        case drop
    }

    var status: Int?
    var location = false
    var contentType = false
    var contentLength: Int?

    mutating func note(
        _ name: ArraySlice<UInt8>,
        _ value: ArraySlice<UInt8>
    ) throws(CGIResponse.Invalid) -> Verdict {
        if HeaderByte.matches(name, "content-type") {
            guard !contentType else { throw .repeatedField("Content-Type") }
            contentType = true
            return .pass
        }
        if HeaderByte.matches(name, "status") {
            guard status == nil else { throw .repeatedField("Status") }
            status = try Self.code(value)
            return .drop
        }
        if HeaderByte.matches(name, "content-length") {
            guard contentLength == nil else { throw .repeatedField("Content-Length") }
            contentLength = try Self.length(value)
            return .drop
        }
        if HeaderByte.matches(name, "location") {
            guard !location else { throw .repeatedField("Location") }
            location = true
            return .pass
        }
        return AnswerHead.isPlatforms(name) ? .drop : .pass
    }

    private static func length(_ value: ArraySlice<UInt8>) throws(CGIResponse.Invalid) -> Int {
        let isNumber = value.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isNumber, let length = Int(String(decoding: value, as: UTF8.self)) else {
            throw .malformedLength(String(decoding: value.prefix(32), as: UTF8.self))
        }
        return length
    }

    /// `200`, or `404 Not Found`.
    private static func code(_ value: ArraySlice<UInt8>) throws(CGIResponse.Invalid) -> Int {
        let digits = value.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let code = digits.prefix(4).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        let rest = value.dropFirst(digits.count)
        guard digits.count == 3, (200...599).contains(code),
            rest.isEmpty || rest.first == UInt8(ascii: " ")
        else { throw .malformedStatus(String(decoding: value.prefix(32), as: UTF8.self)) }
        return code
    }
}

/// Cuts a header block into lines, up to the blank one.
private struct HeaderReader {
    var position = 0
    var lineNumber = 0
    /// No line may end at or after this index.
    let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func nextLine(of bytes: Span<UInt8>) throws(CGIResponse.Invalid) -> Range<Int>? {
        let start = position
        var end = start
        while end < limit, bytes[end] != UInt8(ascii: "\n") { end += 1 }
        guard end < limit else {
            guard limit == bytes.count else {
                throw .headerTooLarge(byteCountMax: CGIResponse.headerBytesMax)
            }
            throw .headerNotEnded(byteCount: bytes.count)
        }
        position = end + 1
        lineNumber += 1
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return start == end ? nil : start..<end
    }
}

/// Classes of bytes in header fields. RFC 9110 §5.5, §5.6.2
enum HeaderByte {
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
            UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
            UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default:
            false
        }
    }

    /// Whether a name is `lowercased`, whatever the case of its letters.
    static func matches(_ name: ArraySlice<UInt8>, _ lowercased: String) -> Bool {
        let other = lowercased.utf8
        guard name.count == other.count else { return false }
        let (bytes, expected) = (name.span, other.span)
        for index in bytes.indices {
            let byte = bytes[index]
            let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            guard (isUpper ? byte | 0x20 : byte) == expected[index] else { return false }
        }
        return true
    }

    static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    static func isFieldContent(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t")
    }
}
