import Daemon
import Foundation
import Store
import Synchronization
import TestSupport
import Testing

/// A daemon that asks for tokens, with a clock that a test moves.
final class GuardedDaemon {
    let daemon: RunningDaemon
    private let clock: MovableClock

    /// The wall clock of a daemon.
    private final class MovableClock: Sendable {
        let microseconds = Atomic<Int64>(Timestamp.now().microseconds)
    }

    /// Starts a daemon; without a configuration nobody who fails is slowed.
    init(configuration: String = #"{"access":{"failuresMax":0}}"#) throws {
        let clock = MovableClock()
        self.clock = clock
        daemon = try RunningDaemon(dev: false, configuration: configuration) {
            Timestamp(microseconds: clock.microseconds.load(ordering: .acquiring))
        }
    }

    /// The token of the data folder.
    var owner: String { daemon.service.token }

    /// Moves the daemon's clock on.
    func advance(seconds: Int64) {
        clock.microseconds.add(seconds * 1_000_000, ordering: .acquiringAndReleasing)
    }

    /// Sends a request with a token.
    func request(
        _ method: String,
        _ target: String,
        token: String?,
        fields: [(String, String)] = [],
        body: [UInt8]? = nil
    ) throws -> RawHTTPClient.Response {
        let credentials = token.map { [("Authorization", "Bearer \($0)")] } ?? []
        return try daemon.request(method, target, fields: credentials + fields, body: body)
    }

    /// Deploys a module in the text format, or the sample `hello`.
    @discardableResult
    func deploy(
        _ name: String,
        text: String? = nil,
        token: String? = nil
    ) throws -> RawHTTPClient.Response {
        try request(
            "PUT",
            "/v1/functions/\(name)",
            token: token ?? owner,
            fields: [("Content-Type", text == nil ? "application/wasm" : "text/wat")],
            body: try text.map { Array($0.utf8) } ?? GuestModule.sample("hello")
        )
    }

    /// Changes a function's configuration.
    @discardableResult
    func configure(
        _ name: String,
        _ patch: String,
        token: String? = nil
    ) throws -> RawHTTPClient.Response {
        try request(
            "PATCH",
            "/v1/functions/\(name)/config",
            token: token ?? owner,
            body: Array(patch.utf8)
        )
    }

    /// Makes a token and returns its secret.
    func makeToken(
        _ name: String,
        _ scopes: [String],
        functions: [String] = ["*"],
        expiresInSeconds: Int? = nil
    ) throws -> String {
        var body: [String: Any] = ["name": name, "scopes": scopes, "functions": functions]
        body["expiresInSeconds"] = expiresInSeconds
        let response = try request(
            "POST",
            "/v1/tokens",
            token: owner,
            body: Array(try JSONSerialization.data(withJSONObject: body))
        )
        #expect(response.status == 201, "\(response.text)")
        return try #require(try RunningDaemon.json(response)["token"] as? String)
    }

    /// An array of objects in a JSON answer that the owner gets.
    func list(_ target: String, _ member: String, token: String? = nil) throws -> [[String: Any]] {
        let response = try request("GET", target, token: token ?? owner)
        #expect(response.status == 200, "\(response.text)")
        return try RunningDaemon.json(response)[member] as? [[String: Any]] ?? []
    }
}

/// Expects a problem document.
func expectProblem(_ response: RawHTTPClient.Response, _ status: Int, _ kind: String) throws {
    #expect(response.status == status, "\(response.text)")
    #expect(response["content-type"] == "application/problem+json")
    let document = try RunningDaemon.json(response)
    #expect(document["type"] as? String == "urn:roost:problem:\(kind)")
    #expect(document["requestId"] as? String != nil)
}
