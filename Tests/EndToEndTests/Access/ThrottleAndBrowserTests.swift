import Daemon
import Foundation
import TestSupport
import Testing

/// Those who guess tokens are slowed, and web pages of other sites are kept away.
struct ThrottleAndBrowserTests {
    @Test
    func `an address that fails too often is told to wait, and its valid tokens go on working`()
        throws
    {
        let guarded = try GuardedDaemon(
            configuration: """
                {"access":{"failuresMax":3,"failureMs":3600000},"trustedProxies":["127.0.0.1"]}
                """
        )
        func attempt(_ token: String?, from address: String) throws -> RawHTTPClient.Response {
            try guarded.request(
                "GET",
                "/v1/functions",
                token: token,
                fields: [("X-Forwarded-For", address)]
            )
        }
        for _ in 0..<3 { #expect(try attempt("guess", from: "192.0.2.1").status == 401) }
        for _ in 0..<2 {
            let refused = try attempt(nil, from: "192.0.2.1")
            try expectProblem(refused, 429, "too-many-failures")
            let seconds = try #require(refused["retry-after"].flatMap(Int.init))
            #expect((3_590...3_600).contains(seconds))
        }
        #expect(try attempt(guarded.owner, from: "192.0.2.1").status == 200)
        #expect(try attempt("guess", from: "192.0.2.1").status == 429)
        #expect(try attempt("guess", from: "192.0.2.2").status == 401)
        // A host has a whole network of these.
        for host in 1...3 { #expect(try attempt("guess", from: "2001:db8::\(host)").status == 401) }
        #expect(try attempt("guess", from: "2001:db8::9").status == 429)
        #expect(try attempt("guess", from: "2001:db8:0:1::9").status == 401)
        let metrics = try guarded.request("GET", "/metrics", token: guarded.owner).text
        #expect(metrics.contains("roost_access_refusals_total{reason=\"unauthorized\"} 8\n"))
        #expect(metrics.contains("roost_access_refusals_total{reason=\"throttled\"} 4\n"))
    }

    /// Sends a request with these field lines and no others.
    private func status(_ daemon: RunningDaemon, _ target: String, _ lines: String) throws -> Int {
        let client = try RawHTTPClient(daemon.service.address)
        try client.send("GET \(target) HTTP/1.1\r\n\(lines)\r\n\r\n")
        return try client.readResponse().status
    }

    private static let hosts: [(String, Int)] = [
        ("localhost", 200), ("LOCALHOST:8080", 200), ("127.0.0.1", 200), ("192.0.2.7:1", 200),
        ("[::1]", 200), ("[2001:db8::1]:8080", 200), ("roost.example.org", 200),
        ("Roost.Example.Org:443", 200), ("evil.example", 421), ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421), ("xroost.example.org", 421), ("localhost.", 421),
        ("", 421),
    ]

    @Test(arguments: [true, false])
    func `the control plane answers to its own names only, checking tokens or not`(dev: Bool) throws
    {
        let daemon = try RunningDaemon(
            dev: dev,
            configuration: #"{"controlHosts":["Roost.example.org"]}"#
        )
        let shown = "Authorization: Bearer \(daemon.service.token)\r\n"
        for (host, expected) in Self.hosts {
            for target in ["/v1/functions", "/metrics"] {
                #expect(try status(daemon, target, shown + "Host: \(host)") == expected, "\(host)")
            }
        }
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == (dev ? 201 : 401))
        // Functions have what hosts they like.
        #expect(try status(daemon, "/f/hello", "Host: evil.example") == (dev ? 200 : 404))
        #expect(try status(daemon, "/healthz", "Host: evil.example") == 200)
        let target = "http://evil.example/v1/functions"
        #expect(try status(daemon, target, shown + "Host: localhost") == 421)
    }

    private static let origins: [(String, Int)] = [
        ("http://localhost:8080", 200), ("http://LOCALHOST:8080", 200),
        ("http://localhost", 403), ("http://localhost:8081", 403), ("https://localhost", 403),
        ("http://evil.example", 403), ("http://evil.example:8080", 403), ("null", 403),
        ("", 403), ("file://", 403), ("http://127.0.0.1:8080", 403),
    ]

    @Test func `a page of another site is refused, even with the token`() throws {
        let daemon = try RunningDaemon(dev: false)
        let shown = "Authorization: Bearer \(daemon.service.token)\r\nHost: localhost:8080"
        for (origin, expected) in Self.origins {
            let lines = shown + "\r\nOrigin: \(origin)"
            #expect(try status(daemon, "/v1/functions", lines) == expected, "\(origin)")
        }
        for (site, expected) in [
            ("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403),
        ] {
            let lines = shown + "\r\nSec-Fetch-Site: \(site)"
            #expect(try status(daemon, "/v1/functions", lines) == expected, "\(site)")
        }
        let twice = shown + "\r\nOrigin: http://localhost:8080\r\nOrigin: http://localhost:8080"
        #expect(try status(daemon, "/v1/functions", twice) == 403)
    }

    @Test func `behind a trusted proxy the host is the one that the browser asked for`() throws {
        let daemon = try RunningDaemon(
            dev: false,
            configuration: """
                {"controlHosts":["roost.example.org"],"trustedProxies":["127.0.0.1"]}
                """
        )
        let shown = "Authorization: Bearer \(daemon.service.token)\r\nHost: 127.0.0.1:8080\r\n"
        let proxied = shown + "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"
        let own =
            proxied + "X-Forwarded-Host: roost.example.org\r\nOrigin: https://roost.example.org"
        #expect(try status(daemon, "/v1/functions", own) == 200)
        let other = proxied + "X-Forwarded-Host: roost.example.org\r\nOrigin: https://evil.example"
        #expect(try status(daemon, "/v1/functions", other) == 403)
        let rebound = proxied + "X-Forwarded-Host: evil.example"
        #expect(try status(daemon, "/v1/functions", rebound) == 421)
    }
}
