import Foundation
import Linux
import TestSupport
import Testing

/// A daemon in a process of its own, on a data folder that outlives it.
final class TestDaemon {
    let data: URL
    let url: String
    private let process: Process

    /// Starts the daemon; without a token unless `dev` is false.
    init(data: URL, dev: Bool = true, arguments: [String] = []) throws {
        self.data = data
        (process, url) = try Program.serve(
            data: data,
            arguments: (dev ? ["--dev"] : []) + arguments
        )
    }

    deinit { kill() }

    /// Where it listens.
    var address: SocketAddress {
        get throws {
            let port = try #require(url.split(separator: ":").last.flatMap { UInt16($0) })
            return try #require(SocketAddress(host: "127.0.0.1", port: port))
        }
    }

    /// Ends it in good order.
    func stop() {
        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    /// Ends it at once.
    func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Connects and sends one request.
    func request(
        _ method: String,
        _ target: String,
        fields: [(String, String)] = [],
        body: [UInt8]? = nil
    ) throws -> RawHTTPClient.Response {
        try RawHTTPClient(address, timeoutMilliseconds: 30_000)
            .request(method, target, fields: fields, body: body)
    }

    func deploy(_ name: String, _ module: [UInt8]) throws -> Int {
        try request(
            "PUT",
            "/v1/functions/\(name)",
            fields: [("Content-Type", "application/wasm")],
            body: module
        ).status
    }

    /// The members of the JSON object that a request is answered with.
    func json(_ method: String, _ target: String, body: [UInt8]? = nil) throws -> [String: Any] {
        try RunningDaemon.json(request(method, target, body: body))
    }

    /// Runs a command against it.
    func roost(_ arguments: String...) throws -> Program.Result {
        let environment = ["ROOST_URL": url, "ROOST_DATA": data.path(percentEncoded: false)]
        return try Program.run(arguments, environment: environment)
    }
}
