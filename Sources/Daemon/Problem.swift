import HTTP

/// Why a control-plane request fails, as a problem document (RFC 9457).
struct Problem: Error, Equatable {
    let status: Status
    /// The last part of the document's `type`.
    let kind: String
    let title: String
    let detail: String
    var members: [String: JSONValue] = [:]
    var fields = Fields()

    /// The response to a request.
    func response(requestIdentifier: String, path: String) -> Response {
        var document = members
        document["type"] = JSONValue("urn:roost:problem:\(kind)")
        document["title"] = JSONValue(title)
        document["status"] = JSONValue(status.code)
        document["detail"] = JSONValue(detail)
        document["instance"] = JSONValue(path)
        document["requestId"] = JSONValue(requestIdentifier)
        var fields = fields
        fields.set("Content-Type", "application/problem+json")
        fields.set("X-Request-Id", requestIdentifier)
        return Response(status: status, fields: fields, body: JSONValue.object(document).encoded())
    }
}

extension Problem {
    static func badRequest(_ detail: String) -> Problem {
        Problem(status: .badRequest, kind: "bad-request", title: "Bad request", detail: detail)
    }

    static func notFound(_ detail: String) -> Problem {
        Problem(status: .notFound, kind: "not-found", title: "Not found", detail: detail)
    }

    static func noRoute(_ path: String) -> Problem {
        .notFound("nothing is at '\(path)'")
    }

    static func badName(_ name: String) -> Problem {
        Problem(
            status: .badRequest,
            kind: "bad-name",
            title: "Bad function name",
            detail: "'\(name)' is not a function name: 1 to 63 of a-z, 0-9 and '-', "
                + "with no '-' at either end"
        )
    }

    static func methodNotAllowed(_ method: Method, allowed: [Method]) -> Problem {
        Problem(
            status: .methodNotAllowed,
            kind: "method-not-allowed",
            title: "Method not allowed",
            detail: "\(method.rawValue) is not possible here",
            fields: ["Allow": allowed.map(\.rawValue).joined(separator: ", ")]
        )
    }

    static func tooLarge(_ what: String, byteCountMax: Int) -> Problem {
        Problem(
            status: .contentTooLarge,
            kind: "too-large",
            title: "Too large",
            detail: "\(what) is larger than \(byteCountMax) bytes",
            members: ["limitBytes": JSONValue(byteCountMax)]
        )
    }

    static func notWasm(_ detail: String) -> Problem {
        Problem(
            status: .unsupportedMediaType,
            kind: "not-wasm",
            title: "Not WebAssembly",
            detail: detail,
            fields: ["Accept": "application/wasm", "Accept-Encoding": "gzip, identity"]
        )
    }

    static func unprocessable(_ kind: String, _ title: String, _ detail: String) -> Problem {
        Problem(status: .unprocessableContent, kind: kind, title: title, detail: detail)
    }

    static func preconditionFailed(_ detail: String) -> Problem {
        Problem(
            status: .preconditionFailed,
            kind: "precondition-failed",
            title: "Precondition failed",
            detail: detail
        )
    }

    static let serverFull = Problem(
        status: .serviceUnavailable,
        kind: "overloaded",
        title: "Overloaded",
        detail: "the server has more connections than it may, or requests wait for too long",
        fields: ["Retry-After": "1", "X-Function-Error": "overloaded"]
    )

    static let busy = Problem(
        status: .serviceUnavailable,
        kind: "busy",
        title: "Busy",
        detail: "too many control-plane requests are waiting",
        fields: ["Retry-After": "1"]
    )

    static func unavailable(_ detail: String) -> Problem {
        Problem(
            status: .serviceUnavailable,
            kind: "unavailable",
            title: "Unavailable",
            detail: detail,
            fields: ["Retry-After": "1"]
        )
    }

    /// What is stored of a version is damaged.
    static func quarantined(_ detail: String) -> Problem {
        Problem(
            status: .serviceUnavailable,
            kind: "quarantined",
            title: "Quarantined",
            detail: detail
        )
    }

    static func internalError(_ detail: String) -> Problem {
        Problem(
            status: .internalServerError,
            kind: "internal",
            title: "Internal error",
            detail: detail
        )
    }
}
