import Foundation
import HTTP
import Platform
import Testing

@testable import Daemon

struct FailureThrottleTests {
    private let limits = FailureThrottle.Limits(
        failuresMax: 3,
        failureMilliseconds: 1_000,
        addressesMax: 8
    )
    private let second: UInt64 = 1_000_000_000

    @Test func `failures in a row are counted, and forgotten one by one`() {
        var throttle = FailureThrottle()
        let start = 100 * second
        for _ in 0..<3 { #expect(throttle.fail("192.0.2.1", at: start, limits) == nil) }
        #expect(throttle.fail("192.0.2.1", at: start, limits) == 1)
        // Whoever is refused does not wait the longer for it.
        #expect(throttle.fail("192.0.2.1", at: start + second / 2, limits) == 1)
        #expect(throttle.fail("192.0.2.2", at: start, limits) == nil)
        #expect(throttle.fail("192.0.2.1", at: start + second, limits) == nil)
        #expect(throttle.fail("192.0.2.1", at: start + second, limits) == 1)
        for _ in 0..<3 {
            #expect(throttle.fail("192.0.2.1", at: start + 9 * second, limits) == nil)
        }
    }

    @Test func `however many addresses fail, only so many are remembered`() {
        var throttle = FailureThrottle()
        for number in 0..<1_000 {
            _ = throttle.fail("192.0.2.\(number)", at: second, limits)
            #expect(throttle.addressCount <= limits.addressesMax)
        }
        // The newest among them.
        for _ in 0..<2 { #expect(throttle.fail("192.0.2.999", at: second, limits) == nil) }
        #expect(throttle.fail("192.0.2.999", at: second, limits) == 1)
    }

    @Test func `without a limit nobody waits`() {
        var throttle = FailureThrottle()
        let limits = FailureThrottle.Limits(failuresMax: 0)
        for _ in 0..<100 { #expect(throttle.fail("", at: second, limits) == nil) }
        #expect(throttle.addressCount == 0)
    }
}

struct FunctionPatternTests {
    @Test(arguments: [
        (["*"], "anything", true), (["shop-*"], "shop-till", true), (["shop-*"], "shop-", true),
        (["shop-*"], "shop", false), (["shop"], "shop", true), (["shop"], "shop-till", false),
        (["a", "b-*"], "b-c", true), (["a", "b-*"], "c", false),
    ])
    func `a pattern is a name or the beginning of one`(_ row: ([String], String, Bool)) throws {
        #expect(try FunctionPatterns(row.0, key: "functions").cover(row.1) == row.2)
    }

    @Test(arguments: ["", "*-a", "a*b", "**", "A*", "-*", "a?", "[a]*", "a/*"])
    func `what could be no function's name is refused`(_ text: String) {
        #expect(throws: ConfigurationError.self) { try FunctionPatterns([text], key: "functions") }
    }
}

struct RouteRuleTests {
    private func find(_ method: HTTP.Method, _ path: String) throws -> RouteRule {
        RouteRule.find(method, try ControlRequest.segments(of: path))
    }

    @Test func `the path is read as it is routed`() throws {
        let segments = try ControlRequest.segments(of: "//v1/f%75nctions//shop%2Dtill/")
        let rule = RouteRule.find(.put, segments)
        #expect(rule.scope == .deploy)
        #expect(rule.function(in: segments) == "shop-till")
    }

    @Test func `what there is no rule for is for administrators, and noted unless it only looks`()
        throws
    {
        for (method, path) in [
            (HTTP.Method.get, "/v1/none"), (.post, "/v1/functions/a"), (.put, "/v1/tokens"),
            (.delete, "/v1/functions"), (.get, "/v1/functions/a/versions/1/none"),
        ] {
            let rule = try find(method, path)
            #expect(rule.scope == .admin)
            guard case .all = rule.subject else {
                Issue.record("\(path) is not for all functions")
                continue
            }
            if case .never = rule.audit { #expect(method == .get) } else { #expect(method != .get) }
        }
        #expect(try find(.head, "/v1/functions").scope == .read)
    }

    @Test func `only reading needs no more than 'read', and whatever changes something is noted`() {
        for rule in RouteRule.table {
            let path = rule.pattern.joined(separator: "/")
            if rule.scope == .read { #expect(rule.method == .get || path == "v1/query") }
            if case .never = rule.audit {
                #expect(rule.method == .get || path == "v1/query", "\(path)")
            }
        }
    }
}

struct AccessSettingsTests {
    private let publicKey = SigningKey().publicKey

    private func refusedKey(_ text: String) -> String? {
        do throws(ConfigurationError) {
            var settings = AccessSettings()
            var reader = try ObjectReader(parse(text), at: "")
            try settings.apply(&reader)
            try reader.finish()
            try settings.validate()
            return nil
        } catch {
            return error.key
        }
    }

    private func parse(_ text: String) -> JSONValue {
        (try? JSONValue(parsing: text.utf8, allowsJSON5: true)) ?? .null
    }

    @Test func `what an operator sets wrongly is refused with its key`() {
        let key = #"{name: "a", publicKey: "\#(publicKey)"}"#
        #expect(refusedKey("{trustedKeys: [\(key)], requireSignature: true}") == nil)
        #expect(refusedKey(#"{controlHosts: ["A.example"]}"#) == nil)
        let rows = [
            ("{requireSignature: true}", "requireSignature"),
            ("{trustedKeys: [\(key), \(key)]}", "trustedKeys[1].name"),
            (#"{trustedKeys: [{name: "a", publicKey: "AAAA"}]}"#, "trustedKeys[0].publicKey"),
            (#"{trustedKeys: [{publicKey: "\#(publicKey)"}]}"#, "trustedKeys[0].name"),
            (#"{trustedKeys: [{name: "a", key: "b"}]}"#, "trustedKeys[0].publicKey"),
            (#"{controlHosts: "a"}"#, "controlHosts"),
            (#"{controlHosts: ["a:80"]}"#, "controlHosts[0]"),
            (#"{controlHosts: ["a", ""]}"#, "controlHosts[1]"),
            ("{access: {failures: 1}}", "access.failures"),
        ]
        for (text, expected) in rows { #expect(refusedKey(text) == expected) }
    }

    @Test func `what is out of range is refused`() {
        let options = ServeOptions(data: "/nowhere", listen: "127.0.0.1:0")
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        for (key, value) in [("tokensMax", -1), ("auditRecordsMax", 0), ("failureMs", 0)] {
            try? Data("{access: {\(key): \(value)}}".utf8).write(to: file)
            var options = options
            options.config = file.path(percentEncoded: false)
            #expect {
                _ = try DaemonConfiguration.load(options, environment: [:])
            } throws: {
                ($0 as? ConfigurationError)?.key == "access.\(key)"
            }
        }
    }
}

struct SigningKeyTests {
    @Test func `a key file of openssl is read, and signs as openssl does`() throws {
        let key = try #require(
            SigningKey(
                pem: """
                    -----BEGIN PRIVATE KEY-----
                    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
                    -----END PRIVATE KEY-----
                    """
            )
        )
        // The first test of RFC 8032 §7.1 has this key.
        #expect(key.publicKey == "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    }

    @Test(arguments: [
        "", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "-----END PRIVATE KEY----------BEGIN PRIVATE KEY-----",
    ])
    func `what is no key file is refused`(_ text: String) {
        #expect(SigningKey(pem: text) == nil)
    }
}
