import Daemon
import Foundation
import TestSupport
import Testing

/// Tokens allow what they say, for the functions that they say, for as long as they say.
struct TokenScopeTests {
    private let guarded: GuardedDaemon

    init() throws {
        guarded = try GuardedDaemon()
        for name in ["shop", "shop-cart", "shop-till", "till"] { try guarded.deploy(name) }
    }

    private func status(_ method: String, _ target: String, _ token: String?) throws -> Int {
        try guarded.request(method, target, token: token, body: method == "GET" ? nil : []).status
    }

    @Test func `a token is shown once, stored as a hash, listed and revoked`() throws {
        let secret = try guarded.makeToken(
            "ci",
            ["deploy", "read"],
            functions: ["shop-*", "till"]
        )
        #expect(secret.hasPrefix("roost_"))
        #expect(secret.count == 70)
        let tokens = try guarded.list("/v1/tokens", "tokens")
        #expect(tokens.map { $0["name"] as? String } == ["admin", "ci"])
        #expect(tokens[0]["builtIn"] as? Bool == true)
        #expect(tokens[1]["scopes"] as? [String] == ["read", "deploy"])
        #expect(tokens[1]["functions"] as? [String] == ["shop-*", "till"])
        #expect(tokens[1]["createdBy"] as? String == "admin")
        #expect(tokens[1]["token"] == nil)
        for name in try FileManager.default.contentsOfDirectory(
            atPath: guarded.daemon.folder.path(percentEncoded: false)
        ) where name.hasPrefix("control.db") {
            let file = try Data(contentsOf: guarded.daemon.folder.appending(path: name))
            #expect(file.range(of: Data(secret.utf8)) == nil)
            #expect(file.range(of: Data(guarded.owner.utf8)) == nil)
        }
        #expect(try status("GET", "/v1/functions", secret) == 200)
        #expect(try status("DELETE", "/v1/tokens/ci", guarded.owner) == 204)
        #expect(try status("GET", "/v1/functions", secret) == 401)
        #expect(try status("DELETE", "/v1/tokens/ci", guarded.owner) == 404)
        #expect(try status("DELETE", "/v1/tokens/admin", guarded.owner) == 409)
    }

    @Test func `tokens outlive a restart, and so does their revocation`() throws {
        let kept = try guarded.makeToken("kept", ["read"])
        let revoked = try guarded.makeToken("revoked", ["read"])
        #expect(try status("DELETE", "/v1/tokens/revoked", guarded.owner) == 204)
        let owner = guarded.owner
        try guarded.daemon.restart()
        #expect(guarded.owner == owner)
        #expect(try status("GET", "/v1/functions", kept) == 200)
        #expect(try status("GET", "/v1/functions", revoked) == 401)
        #expect(try status("GET", "/v1/functions", owner) == 200)
    }

    @Test func `a token ends when it says`() throws {
        let secret = try guarded.makeToken("brief", ["read"], expiresInSeconds: 60)
        guarded.advance(seconds: 59)
        #expect(try status("GET", "/v1/functions", secret) == 200)
        guarded.advance(seconds: 1)
        #expect(try status("GET", "/v1/functions", secret) == 401)
        let brief = try guarded.list("/v1/tokens", "tokens").first {
            $0["name"] as? String == "brief"
        }
        #expect(brief?["expired"] as? Bool == true)
        try guarded.daemon.restart()
        #expect(try status("GET", "/v1/functions", secret) == 401)
    }

    @Test(arguments: [
        #""expiresInSeconds":0"#, #""expiresInSeconds":-1"#, #""expiresInSeconds":2147483648"#,
        #""expiresInSeconds":0,"expiresAt":"2100-01-01T00:00:00Z""#,
        #""expiresAt":"2020-01-01T00:00:00Z""#,
    ])
    func `an end that makes no sense makes no token`(end: String) throws {
        let body = #"{"name":"never","scopes":["read"],\#(end)}"#
        let refused = try guarded.request(
            "POST",
            "/v1/tokens",
            token: guarded.owner,
            body: Array(body.utf8)
        )
        #expect(refused.status == 422, "\(refused.text)")
        #expect(try guarded.list("/v1/tokens", "tokens").count == 1)
    }

    @Test func `a log that is followed ends with the token`() throws {
        let secret = try guarded.makeToken("follower", ["read"])
        let client = try RawHTTPClient(guarded.daemon.service.address, timeoutMilliseconds: 30_000)
        try client.send(
            "GET /v1/functions/shop/logs?follow=true HTTP/1.1\r\nHost: localhost\r\n"
                + "Authorization: Bearer \(secret)\r\n\r\n"
        )
        let head = try client.readAvailable(milliseconds: 10_000, until: "\r\n\r\n")
        #expect(String(decoding: head.bytes, as: UTF8.self).hasPrefix("HTTP/1.1 200"))
        #expect(try status("DELETE", "/v1/tokens/follower", guarded.owner) == 204)
        let rest = try client.readAvailable(milliseconds: 10_000, until: "0\r\n\r\n")
        #expect(String(decoding: rest.bytes, as: UTF8.self).hasSuffix("0\r\n\r\n"))
    }

    @Test(arguments: [
        (#"{"scopes":["read"]}"#, "name"), (#"{"name":"A","scopes":["read"]}"#, "name"),
        (#"{"name":"admin","scopes":["read"]}"#, "name"), (#"{"name":"a"}"#, "scopes"),
        (#"{"name":"a","scopes":[]}"#, "scopes"),
        (#"{"name":"a","scopes":["read","root"]}"#, "scopes[1]"),
        (#"{"name":"a","scopes":["read"],"functions":[]}"#, "functions"),
        (#"{"name":"a","scopes":["read"],"functions":["a*b"]}"#, "functions[0]"),
        (#"{"name":"a","scopes":["read"],"functions":["a","**"]}"#, "functions[1]"),
        (#"{"name":"a","scopes":["read"],"expiresAt":"2001-01-01T00:00:00Z"}"#, "expiresAt"),
        (#"{"name":"a","scopes":["read"],"expiresInSeconds":-1}"#, "expiresInSeconds"),
        (#"{"name":"a","scopes":["read"],"secret":"x"}"#, "secret"),
    ])
    func `a token that makes no sense is refused, with the key`(_ row: (String, String)) throws {
        let response = try guarded.request(
            "POST",
            "/v1/tokens",
            token: guarded.owner,
            body: Array(row.0.utf8)
        )
        try expectProblem(response, 422, "bad-configuration")
        #expect(try RunningDaemon.json(response)["key"] as? String == row.1)
        #expect(try guarded.list("/v1/tokens", "tokens").count == 1)
    }

    @Test func `names are unique, and there are only so many`() throws {
        let guarded = try GuardedDaemon(configuration: #"{"access":{"tokensMax":1}}"#)
        _ = try guarded.makeToken("one", ["read"])
        for (name, reason) in [("one", "already"), ("two", "limit")] {
            let response = try guarded.request(
                "POST",
                "/v1/tokens",
                token: guarded.owner,
                body: Array(#"{"name":"\#(name)","scopes":["read"]}"#.utf8)
            )
            try expectProblem(response, 409, "conflict")
            #expect(response.text.contains(reason))
        }
    }

    // MARK: - Names

    @Test func `a token sees the functions that it is for, and no others`() throws {
        let reader = try guarded.makeToken("reader", ["read"], functions: ["shop-*", "shop"])
        let names = try guarded.list("/v1/functions", "functions", token: reader).map {
            $0["name"] as? String
        }
        #expect(names == ["shop", "shop-cart", "shop-till"])
        let page = try guarded.request("GET", "/v1/functions?limit=2", token: reader)
        #expect(try RunningDaemon.json(page)["nextCursor"] as? String == "shop-cart")
        let parts = [
            "", "/config", "/versions", "/versions/1", "/versions/1/module", "/capabilities",
            "/logs",
        ]
        for part in parts {
            #expect(try status("GET", "/v1/functions/shop-till\(part)", reader) == 200)
            #expect(try status("GET", "/v1/functions/till\(part)", reader) == 403)
            // Whether there is such a function or not.
            #expect(try status("GET", "/v1/functions/none\(part)", reader) == 403)
        }
    }

    @Test func `records and logs of other functions are not shown`() throws {
        let reader = try guarded.makeToken("reader", ["read"], functions: ["shop-*"])
        var ids: [String: String] = [:]
        for name in ["shop-cart", "till", "shop-till"] {
            let call = try guarded.request("GET", "/f/\(name)", token: nil)
            ids[name] = call["x-request-id"]
        }
        guarded.daemon.service.flushRecords()
        let seen = try guarded.list("/v1/invocations", "invocations", token: reader)
        #expect(seen.map { $0["function"] as? String } == ["shop-till", "shop-cart"])
        #expect(try guarded.list("/v1/invocations", "invocations").count == 3)
        let named = try guarded.list("/v1/invocations?function=till", "invocations", token: reader)
        #expect(named.isEmpty)
        let (own, other) = (try #require(ids["shop-cart"]), try #require(ids["till"]))
        #expect(try status("GET", "/v1/invocations/\(own)", reader) == 200)
        #expect(try status("GET", "/v1/invocations/\(other)", reader) == 404)
        #expect(try status("GET", "/v1/invocations/\(other)", guarded.owner) == 200)
    }

    @Test func `a token deploys the functions that it is for, and takes nothing from others`()
        throws
    {
        let ci = try guarded.makeToken("ci", ["deploy"], functions: ["shop-*"])
        #expect(try guarded.deploy("shop-new", token: ci).status == 201)
        #expect(try guarded.deploy("till", token: ci).status == 403)
        #expect(try guarded.deploy("shop", token: ci).status == 403)
        #expect(try guarded.configure("shop-new", #"{"env":{"A":"B"}}"#, token: ci).status == 200)
        // Routes are all functions', and what is passed on asks for no token.
        let route = try guarded.configure("shop-new", #"{"routes":[{"path":"/"}]}"#, token: ci)
        try expectProblem(route, 403, "forbidden")
        let next = try guarded.configure("shop-new", #"{"next":"till"}"#, token: ci)
        try expectProblem(next, 403, "forbidden")
        #expect(
            try guarded.configure("shop-new", #"{"next":"shop-till"}"#, token: ci).status == 200
        )
        // What somebody else has set may stay.
        #expect(try guarded.configure("shop-new", #"{"routes":[{"path":"/new"}]}"#).status == 200)
        #expect(try guarded.configure("shop-new", #"{"env":{"A":"C"}}"#, token: ci).status == 200)
        #expect(try status("DELETE", "/v1/functions/shop-new", ci) == 204)
        #expect(try status("DELETE", "/v1/functions/till", ci) == 403)
        #expect(try status("POST", "/v1/functions/till/rollback", ci) == 403)
    }
}
