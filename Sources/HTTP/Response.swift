/// A response that is ready to be sent.
public struct Response: Sendable {
    /// The status.
    ///
    /// A 1xx status is not a response.
    public var status: Status

    /// The fields, without `Date`, `Connection` and those that frame the body: the encoder writes
    /// these itself and drops any that are here.
    public var fields: Fields

    /// The body.
    ///
    /// It is not sent in answer to HEAD or with a status that forbids one.
    public var body: [UInt8]

    /// Whether the connection is closed afterwards, whatever the client wants.
    public var closesConnection = false

    /// Makes a response.
    public init(status: Status, fields: Fields = Fields(), body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// Makes a response with a text body.
    public init(status: Status, contentType: String, text: String) {
        self.init(status: status, fields: ["Content-Type": contentType], body: Array(text.utf8))
    }

    /// Makes a problem document (RFC 9457) with the status's phrase for its title.
    ///
    /// `members` are further members, all of them strings, in order.
    public static func problem(
        _ status: Status,
        detail: String,
        members: KeyValuePairs<String, String> = [:]
    ) -> Response {
        var json = #"{"type":"about:blank","title":"#
        json.appendJSONString(status.reason)
        json += ",\"status\":\(status.code),\"detail\":"
        json.appendJSONString(detail)
        for (name, value) in members {
            json += ","
            json.appendJSONString(name)
            json += ":"
            json.appendJSONString(value)
        }
        json += "}\n"
        return Response(status: status, contentType: "application/problem+json", text: json)
    }
}

extension String {
    /// Appends `text` as a JSON string (RFC 8259 §7).
    fileprivate mutating func appendJSONString(_ text: String) {
        append("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\u{0}"..."\u{1f}":
                let digits = String(scalar.value, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            default: unicodeScalars.append(scalar)
            }
        }
        append("\"")
    }
}
