import Foundation
import Platform
import Testing

@testable import Daemon

/// A key that is not known is an error that names the nearest one, at every level of both documents.
struct UnknownKeyTests {
    private static func fault(_ read: () throws -> Void) -> (key: String, reason: String)? {
        do {
            try read()
            return nil
        } catch {
            let error = error as? ConfigurationError
            return error.map { ($0.key, $0.reason) }
        }
    }

    @Test(arguments: [
        ("drainsMs", "drainMs"), ("control.queueMx", "control.queueMax"),
        ("invocations.maximum", "invocations.max"),
        ("pool.residentByteMax", "pool.residentBytesMax"),
        ("versions.keepcount", "versions.keepCount"), ("secrets.keyfile", "secrets.keyFile"),
        ("asyncCalls.atempts", "asyncCalls.attemptsMax"),
        ("functionCeilings.memoryByte", "functionCeilings.memoryBytes"),
        ("server.idleMS", "server.idleMs"), ("server.headByteMax", "server.headBytesMax"),
        ("responseFields.fuel", "responseFields.fuelUsed"),
    ])
    func `a key of the daemon's settings`(unknown: String, nearest: String) throws {
        var configuration = try DaemonConfiguration.load(
            ServeOptions(data: "/nowhere", listen: "127.0.0.1:0"),
            environment: [:]
        )
        for value: JSONValue in [1, .null] {
            let fault = Self.fault { try configuration.apply(Self.document(unknown, value)) }
            #expect(fault?.key == unknown)
            #expect(fault?.reason == "is not a known key: did you mean '\(nearest)'?")
        }
    }

    @Test(arguments: [
        ("concurency", "concurrency"), ("limits.fule", "limits.fuel"),
        ("pool.idle", "pool.idleMs"), ("cors.maxAge", "cors.maxAgeSeconds"),
        ("cors.exposedHeaders", "cors.exposeHeaders"), ("environment", "env"),
        ("header", "headers"),
    ])
    func `a key of a function's configuration`(unknown: String, nearest: String) {
        let fault = Self.fault {
            _ = try FunctionConfiguration(json: Self.document(unknown, 1))
        }
        #expect(fault?.key == unknown)
        #expect(fault?.reason == "is not a known key: did you mean '\(nearest)'?")
    }

    private static func document(_ path: String, _ value: JSONValue) -> JSONValue {
        path.split(separator: ".").reversed().reduce(value) { .object([String($1): $0]) }
    }

    @Test func `a project file has keys of its own, and those of a configuration`() throws {
        let file = try ProjectFile(
            parsing: Data(#"{name: "a", module: "m.wasm", env: {K: "v"}, /* c */}"#.utf8)
        )
        #expect(file.name == "a" && file.module == "m.wasm")
        #expect(file.configuration == ["env": ["K": "v"]])
        for (text, reason) in [
            ("{nam: 1}", "did you mean 'name'"), ("{limits: {fule: 1}}", "'limits.fuel'"),
            ("{concurrency: 0}", "concurrency: is 0"), ("[]", "object"), ("{", "not JSON"),
        ] {
            #expect {
                try ProjectFile(parsing: Data(text.utf8))
            } throws: {
                "\($0)".contains(reason)
            }
        }
    }
}
