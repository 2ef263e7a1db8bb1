import HTTP

/// What a call of the control plane needs, and what is noted of it.
struct RouteRule: Sendable {
    /// Which functions a call is about.
    enum Subject: Sendable {
        /// The one that its path names.
        case function
        /// Several: the answer is cut to those that the caller may see.
        case several
        /// All, or none in particular: only for tokens that are for all functions.
        case all
    }

    /// When a call is noted in the audit trail, and as what.
    enum Audit: Sendable {
        /// It changes nothing.
        case never
        /// In the transaction of the change.
        case withChange(String)
        /// When it has succeeded.
        case afterwards(String)
    }

    let method: HTTP.Method
    /// Segments of the path; those in braces stand for any.
    let pattern: [Substring]
    let scope: Scopes
    let subject: Subject
    let audit: Audit

    private init(
        _ method: HTTP.Method,
        _ pattern: String,
        _ scope: Scopes,
        _ subject: Subject,
        _ audit: Audit = .never
    ) {
        self.method = method
        self.pattern = pattern.split(separator: "/")
        self.scope = scope
        self.subject = subject
        self.audit = audit
    }

    /// The rules of all routes.
    ///
    /// A route that is not here is for administrators only, and noted whenever it may have changed something.
    static let table: [RouteRule] = [
        RouteRule(.get, "/metrics", .read, .all),
        RouteRule(.get, "/v1/pool", .read, .all),
        RouteRule(.get, "/v1/stats", .read, .several),
        RouteRule(.post, "/v1/query", .read, .all),

        RouteRule(.get, "/v1/health", .read, .all),
        RouteRule(.get, "/v1/export", .admin, .all, .afterwards("export")),
        RouteRule(.post, "/v1/import", .admin, .all, .withChange("import")),

        RouteRule(.get, "/v1/functions", .read, .several),
        RouteRule(.get, "/v1/functions/{function}", .read, .function),
        RouteRule(.put, "/v1/functions/{function}", .deploy, .function, .withChange("deploy")),
        RouteRule(.delete, "/v1/functions/{function}", .deploy, .function, .withChange("delete")),
        RouteRule(.get, "/v1/functions/{function}/config", .read, .function),
        RouteRule(
            .patch,
            "/v1/functions/{function}/config",
            .deploy,
            .function,
            .withChange("configure")
        ),
        RouteRule(
            .put,
            "/v1/functions/{function}/config",
            .deploy,
            .function,
            .withChange("configure")
        ),
        RouteRule(.get, "/v1/functions/{function}/history", .read, .function),
        RouteRule(.get, "/v1/functions/{function}/secrets", .read, .function),
        RouteRule(
            .put,
            "/v1/functions/{function}/secrets/{secret}",
            .deploy,
            .function,
            .withChange("secret.set")
        ),
        RouteRule(
            .delete,
            "/v1/functions/{function}/secrets/{secret}",
            .deploy,
            .function,
            .withChange("secret.delete")
        ),
        RouteRule(.post, "/v1/secrets/rotate-key", .admin, .all, .afterwards("secrets.rotate-key")),
        RouteRule(.get, "/v1/functions/{function}/versions", .read, .function),
        RouteRule(.get, "/v1/functions/{function}/versions/{version}", .read, .function),
        RouteRule(.get, "/v1/functions/{function}/versions/{version}/module", .read, .function),
        RouteRule(.get, "/v1/functions/{function}/versions/{version}/files", .read, .function),
        RouteRule(
            .put,
            "/v1/functions/{function}/aliases/{alias}",
            .deploy,
            .function,
            .withChange("alias.set")
        ),
        RouteRule(
            .delete,
            "/v1/functions/{function}/aliases/{alias}",
            .deploy,
            .function,
            .withChange("alias.delete")
        ),
        RouteRule(
            .post,
            "/v1/functions/{function}/rollback",
            .deploy,
            .function,
            .withChange("rollback")
        ),
        RouteRule(
            .post,
            "/v1/functions/{function}/bench",
            .deploy,
            .function,
            .afterwards("bench")
        ),
        RouteRule(.get, "/v1/functions/{function}/logs", .read, .function),
        RouteRule(.get, "/v1/logs", .read, .several),
        RouteRule(.get, "/v1/functions/{function}/capabilities", .read, .function),

        RouteRule(.get, "/v1/invocations", .read, .several),
        RouteRule(.get, "/v1/invocations/{id}", .read, .several),
        RouteRule(.get, "/v1/invocations/{id}/result", .read, .several),

        RouteRule(.get, "/v1/runtimes", .read, .all),
        RouteRule(.get, "/v1/runtimes/{runtime}", .read, .all),
        RouteRule(.put, "/v1/runtimes/{runtime}", .deploy, .all, .withChange("runtime.put")),
        RouteRule(.delete, "/v1/runtimes/{runtime}", .deploy, .all, .withChange("runtime.delete")),

        RouteRule(.get, "/v1/async-calls", .admin, .all),
        RouteRule(.delete, "/v1/async-calls/{id}", .admin, .all, .afterwards("async-call.delete")),
        RouteRule(
            .post,
            "/v1/async-calls/{id}/retry",
            .admin,
            .all,
            .afterwards("async-call.retry")
        ),

        RouteRule(.get, "/v1/tokens", .admin, .all),
        RouteRule(.post, "/v1/tokens", .admin, .all, .withChange("token.create")),
        RouteRule(.delete, "/v1/tokens/{token}", .admin, .all, .withChange("token.revoke")),
        RouteRule(.get, "/v1/audit", .admin, .all),
    ]

    /// The rule for a request.
    static func find(_ method: HTTP.Method, _ segments: [String]) -> RouteRule {
        let method = method == .head ? .get : method
        return table.first { $0.method == method && $0.matches(segments) }
            ?? RouteRule(
                method,
                "",
                .admin,
                .all,
                method == .get
                    ? .never
                    : .afterwards("\(method.rawValue) /\(segments.joined(separator: "/"))")
            )
    }

    private func matches(_ segments: [String]) -> Bool {
        segments.count == pattern.count
            && zip(segments, pattern).allSatisfy { $1.hasPrefix("{") || $0 == $1 }
    }

    /// The function that a path names.
    func function(in segments: [String]) -> String? {
        pattern.firstIndex(of: "{function}").map { segments[$0] }
    }

    /// What a path names besides a function: the id of a call, a runtime, each under the name of its kind.
    func details(in segments: [String]) -> [String: JSONValue?] {
        var details: [String: JSONValue?] = [:]
        for (part, segment) in zip(pattern, segments)
        where part.hasPrefix("{") && part != "{function}" {
            details[String(part.dropFirst().dropLast())] = JSONValue(segment)
        }
        return details
    }

    /// Throws unless a caller may do what is asked for by a path.
    func check(_ caller: Caller, _ segments: [String]) throws(Problem) {
        try caller.require(scope)
        switch subject {
        case .several: break
        case .all: try caller.requireAllFunctions(for: "this")
        case .function: try caller.require(function: function(in: segments) ?? "")
        }
    }
}
