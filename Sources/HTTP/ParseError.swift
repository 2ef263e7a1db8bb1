/// Why a message was refused: a reason, where, and the one status to answer with.
///
/// The connection must be closed afterwards, because nobody knows where the next message starts.
public struct ParseError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The reason.
    public let kind: Kind

    /// The octet at fault, counted from the first octet of its message.
    public let offset: Int

    /// The limit that was broken, in octets, lines or fields; nil when the rule is not a limit.
    public let limit: Int?

    /// The rule that was broken.
    public enum Kind: String, Sendable, Equatable, CaseIterable {
        case tooManyEmptyLines = "too many empty lines before the request line"
        case tlsClientHello = "this port speaks plain HTTP, not TLS"
        case http2Preface = "this port speaks HTTP/1.1, not HTTP/2"
        case malformedMethod = "the method is not a token"
        case unknownMethod = "the method is not known"
        case refusedMethod = "the method is never served here"
        case malformedTarget = "the request target is malformed"
        case targetTooLong = "the request target is too long"
        case malformedVersion = "the protocol version is malformed"
        case unsupportedVersion = "the protocol version is not supported"
        case malformedLineEnd = "a line does not end with CR LF"
        case headTooLarge = "the request line and fields are too large"
        case tooManyFields = "there are too many fields"
        case foldedField = "a field line is folded"
        case malformedFieldName = "a field name is malformed"
        case blankBeforeColon = "white space stands between a field name and its colon"
        case malformedFieldValue = "a field value contains a control character"
        case missingHost = "the Host field is missing"
        case repeatedHost = "there is more than one Host field"
        case malformedHost = "the host is malformed"
        case malformedContentLength = "the Content-Length is not one decimal number"
        case repeatedContentLength = "there is more than one Content-Length field"
        case conflictingFraming = "both Content-Length and Transfer-Encoding are present"
        case framingNeedsHTTP11 = "Transfer-Encoding is present in an HTTP/1.0 message"
        case malformedTransferEncoding = "the Transfer-Encoding is malformed"
        case unknownTransferCoding = "the transfer coding is not known"
        case unknownExpectation = "the expectation is not known"
        case malformedChunk = "the chunked framing is malformed"
        case chunkOverheadTooLarge = "the chunked framing is too large for its data"
        case malformedTrailer = "a trailer field is malformed"
        case bodyTooLarge = "the body is too large"
        case inputEnded = "the message ended early"
        case headTimeout = "the request line and fields took too long"
        case bodyTimeout = "the body took too long"
    }

    /// Makes an error at `offset`.
    public init(_ kind: Kind, offset: Int, limit: Int? = nil) {
        self.kind = kind
        self.offset = offset
        self.limit = limit
    }

    /// The status to answer with.
    public var status: Status {
        switch kind {
        case .unknownMethod, .refusedMethod, .unknownTransferCoding: .notImplemented
        case .targetTooLong: .uriTooLong
        case .headTooLarge, .tooManyFields: .requestHeaderFieldsTooLarge
        case .http2Preface, .unsupportedVersion: .httpVersionNotSupported
        case .unknownExpectation: .expectationFailed
        case .bodyTooLarge: .contentTooLarge
        case .headTimeout, .bodyTimeout: .requestTimeout
        default: .badRequest
        }
    }

    /// The reason with the limit and the offset: `the body is too large (limit 100), at octet 30`.
    public var description: String {
        let limit = limit.map { " (limit \($0))" } ?? ""
        return "\(kind.rawValue)\(limit), at octet \(offset)"
    }
}
