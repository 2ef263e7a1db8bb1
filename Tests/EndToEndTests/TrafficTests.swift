import Daemon
import Foundation
import TestSupport
import Testing

/// Which version answers: shares, sticky choices, and going back.
struct TrafficTests {
    private let daemon: RunningDaemon

    /// A function with two versions, the first of which is live.
    init() throws {
        daemon = try RunningDaemon(configuration: "{pool: {warmMs: 600000}}")
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        let second = try daemon.request(
            "PUT",
            "/v1/functions/hello?activate=false",
            body: GuestModule.writing("Content-Type: text/plain\n\ntwo")
        )
        #expect(second.status == 200)
    }

    private func alias(_ name: String, _ body: String) throws -> RawHTTPClient.Response {
        try daemon.request("PUT", "/v1/functions/hello/aliases/\(name)", body: Array(body.utf8))
    }

    /// The versions that answer requests with these values of a field.
    private func versions(
        _ values: [String],
        at path: String = "/f/hello",
        _ field: (String) -> (String, String) = { ("X-User", $0) }
    ) throws -> [String] {
        let client = try RawHTTPClient(daemon.service.address)
        return try values.map { value in
            try client.request("GET", path, fields: [field(value)])["x-function-version"] ?? ""
        }
    }

    private let users = (0..<120).map { "user-\($0)" }

    @Test func `a share of the requests goes to the other version, by chance`() throws {
        #expect(try alias("live", #"{"version":1,"weights":{"2":0.5}}"#).status == 200)
        let seen = try versions(Array(repeating: "same", count: 100))
        // Either version missing has a chance of 1 in 2^99.
        #expect(Set(seen) == ["1", "2"])
    }

    @Test(arguments: ["live", "canary"])
    func `who shows the same value gets the same version, and keeps it as the share grows`(
        name: String
    ) throws {
        let path = name == "live" ? "/f/hello" : "/f/hello@\(name)"
        func split(_ share: Double) throws -> [String] {
            let body = #"{"version":1,"weights":{"2":\#(share)},"sticky":{"header":"X-User"}}"#
            #expect(try alias(name, body).status == 200)
            return try versions(users, at: path)
        }
        let few = try split(0.2)
        #expect(try versions(users, at: path) == few)
        let many = try split(0.6)
        for (index, version) in few.enumerated() where version == "2" {
            #expect(many[index] == "2")
        }
        let counts = [few, many].map { list in list.filter { $0 == "2" }.count }
        #expect((8...44).contains(counts[0]) && (50...94).contains(counts[1]))
        try daemon.restart()
        #expect(try versions(users, at: path) == many)
        // Who shows nothing is left to chance.
        let others = try versions(Array(repeating: "", count: 100), at: path) { ("X-Other", $0) }
        #expect(Set(others) == ["1", "2"])
    }

    @Test func `a cookie decides as well`() throws {
        let body = #"{"version":1,"weights":{"2":0.5},"sticky":{"cookie":"sid"}}"#
        let response = try alias("live", body)
        #expect(response.status == 200)
        let sticky = try RunningDaemon.json(response)["sticky"] as? [String: String]
        #expect(sticky == ["cookie": "sid"])
        let cookie = { (value: String) in ("Cookie", "theme=dark; sid=\(value); sid2=x") }
        let seen = try versions(users, cookie)
        #expect(Set(seen) == ["1", "2"])
        #expect(try versions(users, cookie) == seen)
    }

    @Test(arguments: [
        (#"{"version":1,"weights":{"2":1.5}}"#, "weights.2: is 1.5"),
        (#"{"version":1,"weights":{"1":0.5}}"#, "weights.1: should be the number of another"),
        (#"{"version":1,"wieghts":{"2":0.5}}"#, "did you mean 'weights'"),
        (#"{"version":1,"sticky":{"haeder":"X"}}"#, "sticky"),
        (#"{"version":1,"sticky":{"header":"X","cookie":"y"}}"#, "sticky: should be"),
        (#"{"version":1,"sticky":{"header":"X Y"}}"#, "sticky: should be"),
        (#"{"weights":{}}"#, "version: should be"),
        (#"[]"#, "should be an object"),
    ])
    func `an alias that makes no sense is refused, and says why`(
        body: String,
        reason: String
    ) throws {
        let response = try alias("live", body)
        #expect(response.status == 400)
        #expect(response.text.contains(reason), "\(response.text)")
        #expect(try alias("live", #"{"version":1,"weights":{"9":0.5}}"#).status == 404)
    }

    // MARK: - Rollback

    private func rollBack() throws -> Int {
        try daemon.request("POST", "/v1/functions/hello/rollback").status
    }

    @Test func `a rollback goes to what was live before, and finds it ready`() throws {
        // Version 2 never was live.
        #expect(try daemon.deploy("hello", GuestModule.sample("echo")).status == 200)
        #expect(try daemon.request("GET", "/f/hello")["x-function-version"] == "3")
        #expect(try rollBack() == 200)
        let response = try daemon.request("GET", "/f/hello")
        #expect(response["x-function-version"] == "1")
        #expect(response["x-start"] == "pooled")
        #expect(try rollBack() == 409)
    }

    @Test func `a rollback ends a split before it goes further back`() throws {
        #expect(try alias("live", #"{"version":2}"#).status == 200)
        #expect(try alias("live", #"{"version":2,"weights":{"1":0.9}}"#).status == 200)
        #expect(try rollBack() == 200)
        #expect(Set(try versions(users)) == ["2"])
        #expect(try rollBack() == 200)
        #expect(Set(try versions(users)) == ["1"])
    }

    @Test func `a version that nothing leads to leaves memory after a while`() throws {
        let daemon = try RunningDaemon(configuration: "{pool: {warmMs: 0}}")
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        #expect(try daemon.deploy("hello", GuestModule.sample("echo")).status == 200)
        var versions: [[String: Any]] = []
        for _ in 0..<1_000 {
            let report = try RunningDaemon.json(daemon.request("GET", "/v1/pool"))
            versions = report["versions"] as? [[String: Any]] ?? []
            if versions.count == 1 { break }
            usleep(10_000)
        }
        #expect(versions.map { $0["version"] as? Int } == [2])
        #expect(try rollBack(daemon) == 200)
        #expect(try daemon.request("GET", "/f/hello")["x-function-version"] == "1")
    }

    private func rollBack(_ daemon: RunningDaemon) throws -> Int {
        try daemon.request("POST", "/v1/functions/hello/rollback").status
    }
}
