import Foundation
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
    }

    @Test(arguments: ["", "8080", "localhost:", "localhost:65536", "example.org:80", "::1:80"])
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
        ]
    )
    func `a wrong key or value of the file is refused with its name`(text: String, key: String) {
        expectRefusal(key) {
            var configuration = try DaemonConfiguration.load(options, environment: [:])
            try configuration.apply(JSONValue(parsing: text.utf8))
        }
    }
}
