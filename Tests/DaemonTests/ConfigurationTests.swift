import Foundation
import Linux
import Platform
import Testing

@testable import Daemon

struct DaemonConfigurationTests {
    private let options = ServeOptions(data: "/nowhere", listen: "127.0.0.1:0")

    private func expectRefusal(_ key: String, _ body: () throws -> Void) {
        #expect {
            try body()
        } throws: { error in
            (error as? ConfigurationError)?.key == key
        }
    }

    @Test func `the annotated default file says what the program does without one`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = folder.appending(path: "config/roost.json").path(percentEncoded: false)
        let plain = try DaemonConfiguration.load(options, environment: [:])
        var withFile = options
        withFile.config = path
        #expect(try DaemonConfiguration.load(withFile, environment: [:]) == plain)
    }

    @Test func `flags override the environment`() throws {
        var options = options
        #expect(
            try DaemonConfiguration.load(options, environment: ["ROOST_WORKERS": "3"]).workers == 3
        )
        options.workers = 5
        #expect(
            try DaemonConfiguration.load(options, environment: ["ROOST_WORKERS": "3"]).workers == 5
        )
    }

    @Test func `the check can only be turned off on a loopback address`() throws {
        var options = options
        options.dev = true
        _ = try DaemonConfiguration.load(options, environment: [:])
        options.listen = "0.0.0.0:0"
        expectRefusal("--dev") { _ = try DaemonConfiguration.load(options, environment: [:]) }
        options.listen = "127.0.0.1:0"
        options.adminListen = "192.0.2.1:0"
        expectRefusal("--dev") { _ = try DaemonConfiguration.load(options, environment: [:]) }
        options.adminListen = "unix:/run/admin.sock"
        _ = try DaemonConfiguration.load(options, environment: [:])
    }

    @Test func `an address is a host and a port, or a path`() throws {
        var options = options
        for text in ["127.0.0.1:80", "[::1]:80", "unix:/run/a b:1"] {
            options.listen = text
            options.adminListen = text
            let configuration = try DaemonConfiguration.load(options, environment: [:])
            #expect(try configuration.listenAddress().description == text)
            #expect(try configuration.adminAddress()?.description == text)
        }
    }

    @Test(
        arguments: [
            "", "8080", "localhost:", "localhost:65536", "example.org:80", "::1:80", "unix:",
            "unix:run", "unix:@name", "unix:/" + String(repeating: "a", count: 107),
        ]
    )
    func `an address that is none is refused`(text: String) {
        var options = options
        options.listen = text
        expectRefusal("--listen") { _ = try DaemonConfiguration.load(options, environment: [:]) }
    }

    @Test(
        arguments: [
            (#"{"drainMS":1}"#, "drainMS"), (#"{"control":{"queue":1}}"#, "control.queue"),
            (#"{"server":{"idleMs":"1"}}"#, "server.idleMs"),
            (#"{"responseFields":{"start":1}}"#, "responseFields.start"),
            (#"{"accessLog":true}"#, "accessLog"),
            (#"{"trustedProxies":"::1"}"#, "trustedProxies"),
            (#"{"trustedProxies":["::1",2]}"#, "trustedProxies[1]"),
            (#"{"trustedProxies":["::1","::1/x"]}"#, "trustedProxies[1]"),
        ]
    )
    func `a wrong key or value of the file is refused with its name`(text: String, key: String) {
        expectRefusal(key) {
            var configuration = try DaemonConfiguration.load(options, environment: [:])
            try configuration.apply(JSONValue(parsing: text.utf8))
        }
    }

    // MARK: - Reloading

    private func configuration(_ text: String) throws -> DaemonConfiguration {
        var configuration = try DaemonConfiguration.load(options, environment: [:])
        try configuration.apply(JSONValue(parsing: text.utf8))
        return configuration
    }

    @Test func `what can change while the daemon runs does, the rest is named`() throws {
        let old = try configuration("{}")
        let new = try configuration(
            """
            {"drainMs":5,"accessLog":"-","trustedProxies":["::1"],"adminListen":"127.0.0.1:1",
            "guestThreads":77,"eventLoops":78,"control":{"queueMax":7,"moduleBytesMax":70000},
            "invocations":{"max":7,"retentionSeconds":7,"retentionRecords":7,
            "retentionBytes":7000000},"pool":{"residentBytesMax":70000000},
            "functionCeilings":{"routes":7},"server":{"idleMs":7},
            "access":{"auditRecordsMax":7,"failuresMax":7},"controlHosts":["a"],
            "responseFields":{"start":false}}
            """
        )
        let (settings, awaitingRestart) = old.reloading(new)
        #expect(
            Set(awaitingRestart) == [
                "access.auditRecordsMax", "adminListen", "guestThreads", "eventLoops",
                "control.queueMax", "invocations.max",
                "invocations.retentionSeconds", "invocations.retentionRecords",
                "invocations.retentionBytes", "pool.residentBytesMax",
            ]
        )
        let expected = try configuration(
            """
            {"drainMs":5,"accessLog":"-","trustedProxies":["::1"],
            "control":{"moduleBytesMax":70000},"functionCeilings":{"routes":7},
            "server":{"idleMs":7},"responseFields":{"start":false},
            "access":{"failuresMax":7},"controlHosts":["a"]}
            """
        )
        #expect(settings == expected)
        #expect(settings.reloading(expected).awaitingRestart.isEmpty)
    }

    @Test func `a reader's copy of the settings follows them`() throws {
        let live = LiveSettings(try configuration("{}"))
        var (copy, seen) = (live.current, UInt64(0))
        #expect(!live.refresh(&copy, &seen))
        let new = try configuration(#"{"drainMs":5}"#)
        live.replace(with: new)
        #expect(live.current == new)
        #expect(copy != new)
        #expect(live.refresh(&copy, &seen))
        #expect(copy == new)
        #expect(!live.refresh(&copy, &seen))
    }
}

struct TracingConfigurationTests {
    private func load(_ text: String) throws -> TracingConfiguration? {
        var configuration = try DaemonConfiguration.load(
            ServeOptions(data: "/nowhere", listen: "127.0.0.1:0"),
            environment: [:]
        )
        try configuration.apply(JSONValue(parsing: text.utf8, allowsJSON5: true))
        return configuration.tracing
    }

    @Test func `a collector is all that is needed`() throws {
        #expect(try load("{}") == nil)
        let plain = try #require(try load(#"{tracing:{endpoint:"http://[::1]:4318/v1/traces"}}"#))
        #expect(plain.endpoint.absoluteString == "http://[::1]:4318/v1/traces")
        #expect(plain.sampleRatio == 1 && plain.headers.isEmpty)
        let full = try #require(
            try load(#"{tracing:{endpoint:"https://a/b",sampleRatio:0.5,headers:{b:"c",a:"s"}}}"#)
        )
        #expect(full.sampleRatio == 0.5)
        // The value may be a secret.
        #expect("\(full.headers)" == "[a: …, b: …]")
    }

    @Test(arguments: [
        ("{}", "tracing.endpoint"), (#"{endpoint:"ftp://a"}"#, "tracing.endpoint"),
        (#"{endpoint:"http://"}"#, "tracing.endpoint"), (#"{endpoint:"a"}"#, "tracing.endpoint"),
        ("{endpoint:1}", "tracing.endpoint"),
        (#"{endpoint:"http://a",sampleRatio:1.1}"#, "tracing.sampleRatio"),
        (#"{endpoint:"http://a",sampleRatio:"1"}"#, "tracing.sampleRatio"),
        (#"{endpoint:"http://a",queueMax:0}"#, "tracing.queueMax"),
        (#"{endpoint:"http://a",headers:{"a b":"c"}}"#, "tracing.headers.a b"),
        (#"{endpoint:"http://a",headers:{a:"c\n"}}"#, "tracing.headers.a"),
        (#"{endpoint:"http://a",headers:{a:1}}"#, "tracing.headers.a"),
        (#"{endpoint:"http://a",unknown:1}"#, "tracing.unknown"),
    ])
    func `what is wrong is named`(tracing: String, key: String) {
        #expect {
            try load("{tracing:\(tracing)}")
        } throws: { error in
            (error as? ConfigurationError)?.key == key
        }
    }

    @Test func `a collector may ask for a pause in seconds or until a moment`() {
        let now = Date(timeIntervalSince1970: 1_700_000_000)
        #expect(SpanTransport.retrySeconds("120", now: now) == 120)
        let date = "Tue, 14 Nov 2023 22:13:50 GMT"
        #expect(SpanTransport.retrySeconds(date, now: now) == 30)
        #expect(SpanTransport.retrySeconds("Tue, 14 Nov 2023 22:00:00 GMT", now: now) == 0)
        for text in ["", "soon", "-1", "1.5"] {
            #expect(SpanTransport.retrySeconds(text, now: now) == nil)
        }
    }
}
