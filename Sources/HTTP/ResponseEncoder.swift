/// Writes responses as octets (RFC 9112 §4 to §7).
///
/// The encoder alone decides how a body is framed: there is exactly one of `Content-Length` and
/// `Transfer-Encoding` where there may be a body, and none where there may not. Fields of that kind
/// in a response are dropped, wherever they came from.
public struct ResponseEncoder: Sendable {
    private var statusLines: [[UInt8]]
    private var dateLine: [UInt8] = []
    private var dateSeconds = UInt64.max

    /// What a response answers, as far as its form depends on it.
    public struct Context: Sendable {
        /// Whether the request was HEAD: the response then describes a body without having it.
        public var isHead: Bool
        /// The version of the request.
        public var version: RequestHead.Version
        /// Whether the connection goes on afterwards.
        public var keepsAlive: Bool

        /// Makes a context.
        public init(isHead: Bool, version: RequestHead.Version, keepsAlive: Bool) {
            self.isHead = isHead
            self.version = version
            self.keepsAlive = keepsAlive
        }
    }

    /// How the body follows its head.
    private enum Framing {
        case length(Int)
        case chunked
        case untilClose
    }

    /// Why a response cannot be sent.
    public enum EncodingError: Error, Equatable, Sendable {
        /// A field name is not a token, or a value contains CR, LF, NUL or another control
        /// character: sending it could start a second response.
        case invalidField
        /// The status is 1xx, which is not a response.
        case informationalStatus
    }

    /// Makes an encoder that has no date yet.
    public init() {
        statusLines = (100...599).map { code in
            guard let status = Status(code) else { return [] }
            return Array("HTTP/1.1 \(status)\r\n".utf8)
        }
    }

    /// Sets the time that `Date` tells.
    ///
    /// Costs something once per second only.
    public mutating func setDate(secondsSince1970 seconds: UInt64) {
        guard seconds != dateSeconds else { return }
        dateSeconds = seconds
        dateLine = Array("Date: \(HTTPDate.text(secondsSince1970: seconds))\r\n".utf8)
    }

    /// Appends a response's head to `output`.
    ///
    /// Returns whether the body is to follow. Throws before anything is appended.
    public func encodeHead(
        _ response: Response,
        _ context: Context,
        into output: inout [UInt8]
    ) throws(EncodingError) -> Bool {
        try encode(response, context, .length(response.body.count), into: &output)
        return !context.isHead && !response.status.forbidsBody && !response.body.isEmpty
    }

    /// Appends the head of a response whose body follows in pieces to `output`; its `body` is
    /// ignored.
    ///
    /// `length` is the body's, in octets, if it is known. Returns how the pieces are to be sent. Throws before
    /// anything is appended.
    public func encodeStreamHead(
        _ response: Response,
        length: Int? = nil,
        _ context: Context,
        into output: inout [UInt8]
    ) throws(EncodingError) -> StreamForm {
        let isChunked = context.version == .http11 && length == nil
        let framing: Framing = isChunked ? .chunked : length.map { .length($0) } ?? .untilClose
        try encode(response, context, framing, into: &output)
        if context.isHead || response.status.forbidsBody { return .omitted }
        return isChunked ? .chunked : .plain
    }

    /// How the pieces of a streamed body are sent.
    public enum StreamForm: Sendable, Equatable {
        /// As chunks.
        case chunked
        /// As they are: their number is known, or the client speaks HTTP/1.0 and the connection's end is theirs.
        case plain
        /// Not at all.
        case omitted
    }

    /// Appends `100 Continue` to `output`.
    public func encodeContinue(into output: inout [UInt8]) {
        output.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
    }

    /// Appends the size line of a chunk of `count` octets, at least one.
    public func encodeChunkStart(count: Int, into output: inout [UInt8]) {
        output.append(contentsOf: String(count, radix: 16).utf8)
        Self.appendLineEnd(to: &output)
    }

    /// Appends what follows a chunk's data.
    public func encodeChunkEnd(into output: inout [UInt8]) {
        Self.appendLineEnd(to: &output)
    }

    /// Appends the last chunk and an empty trailer section.
    public func encodeLastChunk(into output: inout [UInt8]) {
        output.append(contentsOf: "0\r\n\r\n".utf8)
    }

    // MARK: - Private

    private func encode(
        _ response: Response,
        _ context: Context,
        _ framing: Framing,
        into output: inout [UInt8]
    ) throws(EncodingError) {
        guard response.fields.isValid else { throw .invalidField }
        guard !response.status.isInformational else { throw .informationalStatus }
        output.append(contentsOf: statusLines[response.status.code - 100])
        output.append(contentsOf: dateLine)
        if !response.status.forbidsBody {
            switch framing {
            case .length(let count):
                output.append(contentsOf: "Content-Length: ".utf8)
                Self.appendDecimal(count, to: &output)
                Self.appendLineEnd(to: &output)
            case .chunked:
                output.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8)
            case .untilClose:
                break
            }
        }
        if !context.keepsAlive {
            output.append(contentsOf: "Connection: close\r\n".utf8)
        } else if context.version == .http10 {
            output.append(contentsOf: "Connection: keep-alive\r\n".utf8)
        }
        appendFields(response.fields, to: &output)
        Self.appendLineEnd(to: &output)
    }

    private func appendFields(_ fields: Fields, to output: inout [UInt8]) {
        guard !fields.areLines else { return output.append(contentsOf: fields.octets) }
        for entry in fields.entries where !fields.isEncoders(entry) {
            output.append(contentsOf: fields.octets[entry.name])
            output.append(Octet.colon)
            output.append(Octet.space)
            output.append(contentsOf: fields.octets[entry.value])
            Self.appendLineEnd(to: &output)
        }
    }

    private static func appendLineEnd(to output: inout [UInt8]) {
        output.append(Octet.carriageReturn)
        output.append(Octet.lineFeed)
    }

    private static func appendDecimal(_ number: Int, to output: inout [UInt8]) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            output.append(UInt8(truncatingIfNeeded: 0x30 + number / divisor % 10))
            divisor /= 10
        }
    }
}
