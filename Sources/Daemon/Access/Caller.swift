import FoundationEssentials
import HTTP
import Platform

/// Who asks for something: the token that was shown, and what it allows.
struct Caller: Sendable {
    /// The token's name.
    let name: String
    let scopes: Scopes
    /// The functions that it may see and touch.
    let functions: FunctionPatterns
    /// The digest of the token's secret; nil when none was asked for.
    var digest: Data?
    /// Where the request came from; empty for a Unix-domain socket.
    var clientAddress = ""

    /// Whoever asks a daemon that checks nothing.
    static let unchecked = Caller(name: "dev", scopes: .admin, functions: .all)

    /// Throws unless the caller has a scope.
    func require(_ scope: Scopes) throws(Problem) {
        guard !scopes.allow(scope) else { return }
        let needed = scope.names.joined()
        throw .forbidden(
            "token '\(name)' has the scopes \(scopes.names.joined(separator: ", ")), "
                + "and this needs \(needed)",
            scope: needed
        )
    }

    /// Throws unless a function, whether there is one or not, is among those of the caller.
    func require(function: String) throws(Problem) {
        guard !functions.cover(function) else { return }
        throw .forbidden(
            "token '\(name)' is for the functions \(functions.list), and '\(function)' is none of them"
        )
    }

    /// Throws unless the caller may touch every function.
    func requireAllFunctions(for what: String) throws(Problem) {
        guard !functions.coverAll else { return }
        throw .forbidden(
            "token '\(name)' is for the functions \(functions.list), and \(what) concerns all"
        )
    }

    /// Throws when a change of a configuration reaches beyond the caller's functions: routes are shared
    /// by all functions, and what a function passes on needs no token.
    func requireRights(
        toChange old: FunctionConfiguration,
        to new: FunctionConfiguration
    ) throws(Problem) {
        if new.routes != old.routes { try requireAllFunctions(for: "a change of 'routes'") }
        if let next = new.next, next != old.next { try require(function: next.description) }
    }
}

extension Problem {
    /// The caller is known, and may not do this. RFC 6750 §3.1
    static func forbidden(_ detail: String, scope: String? = nil) -> Problem {
        var challenge = #"Bearer realm="roost", error="insufficient_scope""#
        if let scope { challenge += ", scope=\"\(scope)\"" }
        return Problem(
            status: .forbidden,
            kind: "forbidden",
            title: "Forbidden",
            detail: detail,
            fields: ["WWW-Authenticate": challenge]
        )
    }
}
