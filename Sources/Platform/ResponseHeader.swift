import HTTP

/// Header fields that a function's configuration adds to its responses.
extension FunctionConfiguration {
    /// The fields that frame the message or concern the connection, and the body's coding, which the platform
    /// decides.
    private static let framingFields: Set<String> = [
        "connection", "content-encoding", "content-length", "date", "keep-alive",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// The fields by which the platform tells of itself.
    private static let platformFields: Set<String> = [
        "server-timing", "x-fuel-used", "x-function-error", "x-function-version", "x-request-id",
        "x-start",
    ]

    /// Fields of which a response may have several lines: the guest's stay beside the configured one.
    private static let additiveFields: Set<String> = ["link", "set-cookie", "vary"]

    /// The most fields that may be added.
    static let headersMax = 64
    /// The most that they may take, in bytes.
    static let headerBytesMax = 8_192

    /// Adds the fields; those that the guest has set give way.
    func addHeaders(to fields: inout Fields) {
        for header in headers {
            if !Self.additiveFields.contains(header.name.lowercased()) {
                fields.remove(header.name)
            }
            fields.append(header.name, header.value)
        }
    }

    func validateHeaders() throws(ConfigurationError) {
        guard headers.count <= Self.headersMax else {
            throw ConfigurationError(
                key: "headers",
                reason: "has \(headers.count) fields when it should have at most \(Self.headersMax)"
            )
        }
        var names: Set<String> = []
        for header in headers {
            if let reason = Self.fault(of: header, among: &names) {
                throw ConfigurationError(key: "headers.\(header.name)", reason: reason)
            }
        }
        let byteCount = headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        guard byteCount <= Self.headerBytesMax else {
            throw ConfigurationError(
                key: "headers",
                reason: "takes \(byteCount) bytes when the limit is \(Self.headerBytesMax)"
            )
        }
    }

    private static func fault(of header: Variable, among names: inout Set<String>) -> String? {
        let name = header.name.lowercased()
        guard names.insert(name).inserted else {
            return "is given twice: names differ in case only"
        }
        if framingFields.contains(name) { return "frames the response, which the platform does" }
        if platformFields.contains(name) { return "is set by the platform" }
        if name.hasPrefix("access-control-") { return "is set by the platform: use 'cors'" }
        guard Fields(dictionaryLiteral: (header.name, "")).isValid else {
            return "is no field's name"
        }
        let blanks: Set<Character> = [" ", "\t"]
        guard Fields(dictionaryLiteral: (header.name, header.value)).isValid,
            !blanks.contains(header.value.first ?? "-"), !blanks.contains(header.value.last ?? "-")
        else { return "has a value with a control character, or with a blank at an end" }
        return nil
    }
}
