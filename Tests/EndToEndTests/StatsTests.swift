import Foundation
import TestSupport
import Testing

/// Figures of the last minutes, as the dashboard shows them.
struct StatsTests {
    private let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon() }

    private func stats(_ query: String = "") throws -> [String: Any] {
        let response = try daemon.request("GET", "/v1/stats" + query)
        #expect(response.status == 200, "\(response.text)")
        return try RunningDaemon.json(response)
    }

    private func figures(_ name: String, _ query: String = "") throws -> [String: Any] {
        let functions = try stats(query)["functions"] as? [[String: Any]] ?? []
        return try #require(functions.first { $0["function"] as? String == name })
    }

    @Test func `every call is counted, by function, failure and start`() throws {
        for name in ["hello", "crash", "spin"] {
            #expect(try daemon.deploy(name, GuestModule.sample(name)).status == 201)
        }
        for _ in 0..<20 { #expect(try daemon.request("GET", "/f/hello").status == 200) }
        for _ in 0..<3 { #expect(try daemon.request("GET", "/f/crash").status == 502) }
        let hello = try figures("hello")
        #expect(hello["count"] as? Int == 20)
        #expect(hello["errors"] as? Int == 0)
        let starts = try #require(hello["starts"] as? [String: Int])
        #expect(starts.values.reduce(0, +) == 20)
        let (p50, p99) = (hello["p50Us"] as? Double ?? 0, hello["p99Us"] as? Double ?? 0)
        #expect(p50 > 0 && p50 <= p99)
        let crash = try figures("crash")
        #expect(crash["count"] as? Int == 3)
        #expect(crash["errors"] as? Int == 3)
        let all = try stats()
        #expect((all["total"] as? [String: Any])?["count"] as? Int == 23)
        #expect((all["functions"] as? [Any])?.count == 2)
        let seconds = try #require(all["windowSeconds"] as? Double)
        #expect(seconds > 0 && seconds <= 300)
    }

    @Test func `a function has its course and its distributions, if asked for`() throws {
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        for _ in 0..<5 { _ = try daemon.request("GET", "/f/hello") }
        #expect(try figures("hello")["series"] == nil)
        #expect(try figures("hello")["phases"] == nil)
        let hello = try figures("hello", "?function=hello&series=true&window=60")
        let series = try #require(hello["series"] as? [Int])
        #expect(series.count == 6)
        #expect(series.reduce(0, +) == 5)
        #expect(hello["errorSeries"] as? [Int] == Array(repeating: 0, count: 6))
        let phases = try #require(hello["phases"] as? [String: [String: Any]])
        var count = 0
        for kind in phases.values {
            let start = try #require(kind["start"] as? [String: Any])
            let bins = try #require(start["histogram"] as? [[String: Any]])
            count += bins.reduce(0) { $0 + ($1["count"] as? Int ?? 0) }
        }
        #expect(count == 5)
    }

    @Test func `a deleted function is counted anew`() throws {
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        for _ in 0..<5 { _ = try daemon.request("GET", "/f/hello") }
        #expect(try daemon.request("DELETE", "/v1/functions/hello").status == 204)
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        for _ in 0..<2 { _ = try daemon.request("GET", "/f/hello") }
        #expect(try figures("hello")["count"] as? Int == 2)
    }

    @Test(arguments: ["?window=9", "?window=301", "?window=x", "?series=maybe", "?a=1"])
    func `what cannot be asked for is refused`(_ query: String) throws {
        #expect(try daemon.request("GET", "/v1/stats" + query).status == 400)
    }

    @Test func `a function that is not there has no figures`() throws {
        #expect(try daemon.request("GET", "/v1/stats?function=none").status == 404)
    }
}
