import Daemon
import Foundation
import TestSupport
import Testing

/// Functions that ask their callers for a token.
struct GuardedFunctionTests {
    private let guarded: GuardedDaemon

    init() throws {
        guarded = try GuardedDaemon()
        try guarded.deploy("vault", text: OperationTests.environment)
        try guarded.deploy("open", text: OperationTests.environment)
        #expect(try guarded.configure("vault", #"{"access":"token"}"#).status == 200)
    }

    private func call(
        _ target: String,
        token: String? = nil,
        fields: [(String, String)] = []
    ) throws -> RawHTTPClient.Response {
        try guarded.request("POST", target, token: token, fields: fields, body: [1])
    }

    @Test func `only a token for the function calls it, and the function does not see it`() throws {
        let caller = try guarded.makeToken("caller", ["invoke"], functions: ["vault"])
        let reader = try guarded.makeToken("reader", ["read", "deploy"])
        let stranger = try guarded.makeToken("stranger", ["invoke"], functions: ["open"])
        let refused = try call("/f/vault")
        try expectProblem(refused, 401, "unauthorized")
        #expect(refused["www-authenticate"] == #"Bearer realm="roost""#)
        try expectProblem(call("/f/vault", token: "wrong"), 401, "unauthorized")
        try expectProblem(call("/f/vault", token: reader), 403, "forbidden")
        try expectProblem(call("/f/vault", token: stranger), 403, "forbidden")
        for token in [caller, guarded.owner] {
            let answer = try call("/f/vault/a", token: token, fields: [("X-Other", "kept")])
            #expect(answer.status == 200)
            #expect(answer.text.contains("HTTP_X_OTHER=kept"))
            #expect(!answer.text.contains("AUTHORIZATION"))
            #expect(!answer.text.contains(token))
        }
        // A public function's own credentials are its own business.
        let open = try call("/f/open", token: "its own")
        #expect(open.status == 200)
        #expect(open.text.contains("HTTP_AUTHORIZATION=Bearer its own"))
    }

    @Test func `no other way leads past the token`() throws {
        #expect(
            try guarded.configure("vault", #"{"routes":[{"path":"/safe"}]}"#).status == 200
        )
        // Version 1 was public when it was made.
        for target in ["/f/vault@1", "/f/vault@2/x", "/f/vault@live", "/safe", "/safe/x?y"] {
            try expectProblem(call(target), 401, "unauthorized")
            #expect(try call(target, token: guarded.owner).status == 200)
        }
        // Nor does a function that has to be read from the store first.
        try guarded.daemon.restart()
        for target in ["/f/vault@1", "/f/vault", "/safe"] {
            try expectProblem(call(target), 401, "unauthorized")
        }
        // With nothing live, the latest version decides.
        let gone = try guarded.request(
            "DELETE",
            "/v1/functions/vault/aliases/live",
            token: guarded.owner
        )
        #expect(gone.status == 204)
        try expectProblem(call("/f/vault@1"), 401, "unauthorized")
        #expect(try guarded.configure("vault", #"{"access":null}"#).status == 200)
        #expect(try call("/f/vault").status == 200)
        // This version asks still, whatever is live.
        try expectProblem(call("/f/vault@2"), 401, "unauthorized")
    }

    @Test func `later calls need a token when they are handed in`() throws {
        let caller = try guarded.makeToken("caller", ["invoke"])
        let later = [("Prefer", "respond-async")]
        try expectProblem(call("/f/vault", fields: later), 401, "unauthorized")
        let taken = try call("/f/vault", token: caller, fields: later)
        #expect(taken.status == 202)
        let place = try #require(taken["location"])
        var result = try guarded.request("GET", place + "/result", token: guarded.owner)
        for _ in 0..<1_000 where result.status == 404 {
            result = try guarded.request("GET", place + "/result", token: guarded.owner)
        }
        #expect(result.status == 200)
        #expect(result.text.contains("REQUEST_METHOD=POST"))
        #expect(!result.text.contains("AUTHORIZATION"))
    }

    @Test func `a daemon that checks nothing itself still guards such functions`() throws {
        let daemon = try RunningDaemon()
        #expect(try daemon.deploy("vault", text: OperationTests.environment).status == 201)
        #expect(try daemon.configure("vault", #"{"access":"token"}"#).status == 200)
        #expect(try daemon.request("GET", "/f/vault").status == 401)
        let shown = [("Authorization", "Bearer \(daemon.service.token)")]
        #expect(try daemon.request("GET", "/f/vault", fields: shown).status == 200)
        try expectProblem(
            daemon.configure("vault", #"{"access":"secret"}"#),
            422,
            "bad-configuration"
        )
    }
}
