import Daemon
import Foundation
import TestSupport
import Testing

/// Logs of all functions, and how many are followed at one time.
struct LogFollowingTests {
    private let guarded: GuardedDaemon

    init() throws { guarded = try GuardedDaemon() }

    private func deploy(_ names: String...) throws {
        for name in names {
            let response = try guarded.request(
                "PUT",
                "/v1/functions/\(name)",
                token: guarded.owner,
                fields: [("Content-Type", "application/wasm")],
                body: try GuestModule.sample("chatty")
            )
            #expect(response.status == 201)
        }
    }

    /// Each function whose lines are among those received, as often as it has some.
    private func functions(in lines: String) throws -> [String] {
        try lines.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("{") else { return nil }
            let json = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return json?["function"] as? String
        }
    }

    @Test func `the log of all functions is that of those which the token is for`() throws {
        try deploy("shop-cart", "till")
        let reader = try guarded.makeToken("reader", ["read"], functions: ["shop-*"])
        for name in ["shop-cart", "till", "shop-cart"] {
            #expect(try guarded.daemon.request("GET", "/f/\(name)?lines=1").status == 200)
        }
        guarded.daemon.service.flushRecords()
        let all = try guarded.request("GET", "/v1/logs", token: guarded.owner)
        #expect(all["content-type"] == "application/x-ndjson")
        #expect(try functions(in: all.text) == ["shop-cart", "till", "shop-cart"])
        let last = try guarded.request("GET", "/v1/logs?tail=2", token: guarded.owner)
        #expect(try functions(in: last.text) == ["till", "shop-cart"])
        let own = try guarded.request("GET", "/v1/logs?status=200&outcome=ok", token: reader)
        #expect(try functions(in: own.text) == ["shop-cart", "shop-cart"])
        let none = try guarded.request("GET", "/v1/logs?outcome=trap", token: reader)
        #expect(none.status == 200)
        #expect(none.body.isEmpty)
        let odd = try guarded.request("GET", "/v1/logs?outcome=x", token: reader)
        #expect(odd.status == 400)
        #expect(try guarded.request("GET", "/v1/logs", token: nil).status == 401)
    }

    @Test func `all functions are followed at once, and only what the token is for`() throws {
        try deploy("shop-cart", "till")
        let reader = try guarded.makeToken("reader", ["read"], functions: ["shop-*"])
        let all = try follow("/v1/logs?follow=true&tail=0", token: guarded.owner)
        let own = try follow("/v1/logs?follow=true&tail=0", token: reader)
        #expect(all.head.hasPrefix("HTTP/1.1 200"))
        #expect(own.head.hasPrefix("HTTP/1.1 200"))
        for name in ["till", "shop-cart"] {
            #expect(try guarded.daemon.request("GET", "/f/\(name)?lines=1").status == 200)
        }
        let everything = try read(all.client, until: "shop-cart")
        #expect(everything.contains(#""function":"till""#))
        let part = try read(own.client, until: "shop-cart")
        #expect(!part.contains("till"))
    }

    @Test func `whoever would follow one log too many is told so`() throws {
        try deploy("shop-cart")
        let target = "/v1/functions/shop-cart/logs?follow=true&tail=0"
        var followers = try (0..<64).map { _ in try follow(target, token: guarded.owner) }
        #expect(followers.allSatisfy { $0.head.hasPrefix("HTTP/1.1 200") })
        let refused = try guarded.request("GET", target, token: guarded.owner)
        #expect(refused.status == 503)
        #expect(refused["retry-after"] != nil)
        #expect(refused.text.contains("64 logs are followed"))
        #expect(try guarded.request("GET", "/v1/logs", token: guarded.owner).status == 200)
        // Each place is given back when its client goes, even at once.
        while let (client, _) = followers.popLast() { client.close() }
        for _ in 0..<64 {
            let client = try RawHTTPClient(guarded.daemon.service.address, timeoutMilliseconds: 1)
            try client.send(
                "GET \(target) HTTP/1.1\r\nHost: localhost\r\n"
                    + "Authorization: Bearer \(guarded.owner)\r\n\r\n"
            )
            client.close()
        }
        for _ in 0..<500 {
            let (client, head) = try follow(target, token: guarded.owner)
            if head.hasPrefix("HTTP/1.1 200") { followers.append((client, head)) }
            if followers.count == 64 { break }
        }
        #expect(followers.count == 64)
    }

    private func follow(
        _ target: String,
        token: String
    ) throws -> (client: RawHTTPClient, head: String) {
        let client = try RawHTTPClient(guarded.daemon.service.address, timeoutMilliseconds: 30_000)
        try client.send(
            "GET \(target) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n"
        )
        let head = try client.readAvailable(milliseconds: 10_000, until: "\r\n\r\n")
        return (client, String(decoding: head.bytes, as: UTF8.self))
    }

    /// What is received until a text has come; bounded.
    private func read(_ client: RawHTTPClient, until text: String) throws -> String {
        var received = ""
        for _ in 0..<60 where !received.contains(text) {
            let (bytes, isEnd) = try client.readAvailable(milliseconds: 500)
            received += String(decoding: bytes, as: UTF8.self)
            if isEnd { break }
        }
        return received
    }
}
