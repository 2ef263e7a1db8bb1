import Foundation
import HTTP
import Store
import TestSupport
import Testing

@testable import Daemon

/// Every route of the control plane, tried with everything that is no valid credential for it.
struct BadCredentialTests {
    /// A request's credentials: fields, and what to add to the target.
    private struct Attempt {
        let what: String
        let status: Int
        var fields: [(String, String)] = []
        var query = ""
    }

    private let guarded: GuardedDaemon
    private let calls: String

    init() throws {
        guarded = try GuardedDaemon()
        try guarded.deploy("hello")
        try guarded.deploy("hello", text: GuestModule.counting)
        calls = "019a0000-0000-7000-8000-000000000001"
        let call = try guarded.request(
            "POST",
            "/f/hello",
            token: nil,
            fields: [("Prefer", "respond-async"), ("X-Request-Id", calls)],
            body: []
        )
        #expect(call.status == 202)
    }

    private func attempts() throws -> [Attempt] {
        let owner = guarded.owner
        func bearer(_ what: String, _ value: String, _ status: Int = 401) -> Attempt {
            Attempt(what: what, status: status, fields: [("Authorization", value)])
        }
        let revoked = try guarded.makeToken("revoked", ["admin"])
        let answer = try guarded.request("DELETE", "/v1/tokens/revoked", token: owner)
        #expect(answer.status == 204)
        let expired = try guarded.makeToken("expired", ["admin"], expiresInSeconds: 60)
        guarded.advance(seconds: 60)
        let caller = try guarded.makeToken("caller", ["invoke"])
        let hash = ModuleDigest(of: Array(owner.utf8)).hexadecimal
        return [
            Attempt(what: "none", status: 401),
            bearer("an empty field", ""),
            bearer("no secret", "Bearer"),
            bearer("an unknown secret", "Bearer " + String(repeating: "a", count: 64)),
            bearer("no scheme", owner),
            bearer("another scheme", "Basic \(Data("admin:\(owner)".utf8).base64EncodedString())"),
            bearer("another scheme with the secret", "Token \(owner)"),
            bearer("a longer secret", "Bearer \(owner)0"),
            bearer("a shorter secret", "Bearer \(owner.dropLast())"),
            bearer("other letters", "Bearer \(owner.uppercased())"),
            bearer("two secrets in one field", "Bearer \(owner) \(owner)"),
            bearer("the stored hash", "Bearer \(hash)"),
            bearer("a revoked token", "Bearer \(revoked)"),
            bearer("an expired token", "Bearer \(expired)"),
            bearer("a token that may only call", "Bearer \(caller)", 403),
            Attempt(
                what: "two fields",
                status: 401,
                fields: [
                    ("Authorization", "Bearer \(owner)"), ("Authorization", "Bearer \(owner)"),
                ]
            ),
            Attempt(what: "a query", status: 401, query: "?access_token=\(owner)&token=\(owner)"),
            Attempt(
                what: "other fields",
                status: 401,
                fields: [
                    ("Proxy-Authorization", "Bearer \(owner)"), ("Cookie", "token=\(owner)"),
                    ("X-Forwarded-For", "127.0.0.1"), ("X-Auth-Token", owner),
                ]
            ),
        ]
    }

    /// Requests for every route that there is a rule for, and some that there is none for.
    private var requests: [(method: String, target: String)] {
        let values = [
            "{function}": "hello", "{version}": "1", "{alias}": "live", "{token}": "caller",
            "{id}": calls,
        ]
        let ruled = RouteRule.table.map { rule in
            let segments = rule.pattern.map { values[String($0)] ?? String($0) }
            return (rule.method.rawValue, "/" + segments.joined(separator: "/"))
        }
        let others = [
            ("HEAD", "/v1/functions"), ("GET", "/v1/nothing"), ("POST", "/v1/functions/hello"),
            ("OPTIONS", "/v1/functions"), ("GET", "/v1//functions"), ("GET", "/v1/./functions"),
            ("GET", "/v1/%66unctions"), ("DELETE", "/v1/functions/hello/"),
            ("PUT", "/v1/functions//hello"), ("DELETE", "/v1/functions/%68ello"),
            ("GET", "/v1/functions/%FF"),
        ]
        return ruled + others
    }

    /// Whatever a request could have changed.
    private func state() throws -> [String] {
        var state: [String] = []
        for target in [
            "/v1/functions/hello", "/v1/functions/hello/config", "/v1/functions/hello/versions",
            "/v1/functions/hello/versions/1", "/v1/functions/hello/versions/2", "/v1/tokens",
            "/v1/audit", "/v1/async-calls",
        ] {
            state.append(try guarded.request("GET", target, token: guarded.owner).text)
        }
        return state
    }

    private func body(_ method: String, _ target: String) throws -> [UInt8]? {
        switch method {
        case "PUT" where target.contains("aliases"): Array(#"{"version":1}"#.utf8)
        case "PUT": try GuestModule.sample("hello")
        case "PATCH": Array(#"{"env":{"A":"B"}}"#.utf8)
        case "POST" where target == "/v1/tokens":
            Array(#"{"name":"mine","scopes":["admin"]}"#.utf8)
        case "POST": []
        default: nil
        }
    }

    @Test func `every route refuses every bad credential, and nothing comes of it`() throws {
        let attempts = try attempts()
        #expect(attempts.count >= 12)
        #expect(requests.count >= 30)
        // The call may still be under way.
        for _ in 0..<1_000 {
            if try state().last?.contains(#""state":"done""#) == true { break }
        }
        let before = try state()
        for (method, target) in requests {
            for attempt in attempts {
                let response = try guarded.daemon.request(
                    method,
                    target + attempt.query,
                    fields: attempt.fields,
                    body: try body(method, target)
                )
                #expect(
                    response.status == attempt.status,
                    "\(method) \(target) with \(attempt.what)"
                )
                #expect(response["www-authenticate"]?.hasPrefix("Bearer realm=\"roost\"") == true)
                if method != "HEAD" {
                    #expect(response["content-type"] == "application/problem+json")
                }
            }
        }
        #expect(try state() == before)
    }

    @Test
    func `what a token lacks in scope or functions is refused with 403, and nothing comes of it`()
        throws
    {
        let scopes: [(Scopes, String)] = [
            (.read, try guarded.makeToken("read", ["read"])),
            (.deploy, try guarded.makeToken("deploy", ["deploy"])),
            (.invoke, try guarded.makeToken("invoke", ["invoke"])),
        ]
        let elsewhere = try guarded.makeToken("elsewhere", ["admin"], functions: ["other-*"])
        let before = try state()
        for (rule, request) in zip(RouteRule.table, requests) {
            let lacking = scopes.filter { $0.0 != rule.scope }.map(\.1)
            let others: [String]
            if case .several = rule.subject { others = [] } else { others = [elsewhere] }
            for token in lacking + others {
                let response = try guarded.request(
                    request.method,
                    request.target,
                    token: token,
                    body: try body(request.method, request.target)
                )
                try expectProblem(response, 403, "forbidden")
            }
        }
        #expect(try state() == before)
    }
}
