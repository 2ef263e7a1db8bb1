import HTTP
import Linux
import Platform
import Store
import Synchronization

/// Decides who may do what: it knows the tokens, and remembers who failed to show one.
///
/// Any thread. Nothing here touches a database.
final class AccessControl: Sendable {
    /// Why requests are refused.
    enum Refusal: String, CaseIterable {
        /// No valid token.
        case unauthorized
        /// No valid token, once more than is answered.
        case throttled
        /// A valid token that does not allow it.
        case forbidden
        /// Another site's page, or a host's name that is not known.
        case foreign
    }

    private let folderToken: String
    private let table: Mutex<TokenTable>
    private let throttle = Mutex(FailureThrottle())
    private let counts = Mutex<[Refusal: Int]>([:])
    private let now: @Sendable () -> Timestamp

    /// Knows the token of the data folder, and those that are stored; `now` tells what has expired.
    init(
        folderToken: String,
        _ records: [TokenRecord],
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.folderToken = folderToken
        self.now = now
        table = Mutex(TokenTable(folderToken: folderToken, records))
    }

    /// The present, by the clock that tells what has expired.
    var time: Timestamp { now() }

    /// How often requests were refused.
    var refusals: [Refusal: Int] { counts.withLock { $0 } }

    /// Whether the token that a caller has shown is neither revoked nor expired since.
    func stillKnows(_ caller: Caller) -> Bool {
        table.withLock { $0 }.stillKnows(caller, at: now())
    }

    /// Has other tokens count from now on.
    func replaceTokens(_ records: [TokenRecord]) {
        let next = TokenTable(folderToken: folderToken, records)
        table.withLock { $0 = next }
    }

    /// Finds out who asks the control plane for something; throws unless they may.
    func admit(
        _ head: RequestHead,
        from origin: RequestOrigin,
        _ settings: DaemonConfiguration
    ) throws(Problem) -> Caller {
        try counting(.foreign) { () throws(Problem) in
            try BrowserGuard(
                head: head,
                forwardedHost: origin.host,
                controlHosts: settings.access.controlHosts
            ).check()
        }
        var caller =
            settings.dev ? Caller.unchecked : try authenticate(head, from: origin, settings, nil)
        caller.clientAddress = origin.address
        // A path that cannot be read is no route that there is a rule for.
        let segments = (try? ControlRequest.segments(of: head.path)) ?? []
        try counting(.forbidden) { () throws(Problem) in
            try RouteRule.find(head.method, segments).check(caller, segments)
        }
        return caller
    }

    /// Throws unless whoever calls a function that asks for a token may call it.
    func admit(
        _ head: RequestHead,
        to function: FunctionName,
        from origin: RequestOrigin,
        _ settings: DaemonConfiguration
    ) throws(Problem) {
        let caller = try authenticate(head, from: origin, settings, function)
        try counting(.forbidden) { () throws(Problem) in
            try caller.require(.invoke)
            try caller.require(function: function.description)
        }
    }

    /// Who shows a valid token. RFC 6750 §2.1
    private func authenticate(
        _ head: RequestHead,
        from origin: RequestOrigin,
        _ settings: DaemonConfiguration,
        _ function: FunctionName?
    ) throws(Problem) -> Caller {
        let values = head.fields.values(of: "authorization")
        let parts = values.first?.split(separator: " ") ?? []
        if values.count == 1, parts.count == 2, parts[0].lowercased() == "bearer" {
            let table = table.withLock { $0 }
            if let caller = table.caller(showing: parts[1], at: now()) { return caller }
        }
        let wait = throttle.withLock {
            $0.fail(origin.address, at: Monotonic.now(), settings.access.throttle)
        }
        guard let wait else {
            count(.unauthorized)
            throw .unauthorized(function)
        }
        count(.throttled)
        throw .tooManyFailures(retryAfterSeconds: wait)
    }

    private func counting(
        _ refusal: Refusal,
        _ body: () throws(Problem) -> Void
    ) throws(Problem) {
        do throws(Problem) {
            try body()
        } catch {
            count(refusal)
            throw error
        }
    }

    private func count(_ refusal: Refusal) {
        counts.withLock { $0[refusal, default: 0] += 1 }
    }
}

extension Problem {
    /// Nobody is known by what the request shows; the same for everything that is not a valid token.
    static func unauthorized(_ function: FunctionName?) -> Problem {
        let who = function.map { "function '\($0)'" } ?? "the control plane"
        return Problem(
            status: .unauthorized,
            kind: "unauthorized",
            title: "Unauthorized",
            detail:
                "\(who) needs 'Authorization: Bearer' with a token that is known and has not expired",
            fields: ["WWW-Authenticate": #"Bearer realm="roost""#]
        )
    }

    static func tooManyFailures(retryAfterSeconds seconds: Int) -> Problem {
        Problem(
            status: .tooManyRequests,
            kind: "too-many-failures",
            title: "Too many failures",
            detail: "this address has failed to show a valid token too often",
            fields: [
                "Retry-After": String(max(1, seconds)),
                "WWW-Authenticate": #"Bearer realm="roost""#,
            ]
        )
    }
}
