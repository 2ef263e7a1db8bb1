import Daemon
import Foundation
import Linux
import Logging
import Store
import TestSupport

/// A daemon of this process, with a data folder of its own and a port that the kernel chose.
final class RunningDaemon {
    let folder: URL
    private var running: Service?
    private let options: ServeOptions
    private let now: @Sendable () -> Timestamp

    /// Starts a daemon; `now` tells it which tokens have expired.
    init(
        dev: Bool = true,
        configuration: String? = nil,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) throws {
        self.now = now
        folder = FileManager.default.temporaryDirectory.appending(path: "roost-\(UUID())")
        var options = ServeOptions(
            data: folder.path(percentEncoded: false),
            listen: "127.0.0.1:0",
            workers: 1,
            dev: dev
        )
        if let configuration {
            let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
            try Data(configuration.utf8).write(to: file)
            options.config = file.path(percentEncoded: false)
        }
        self.options = options
        running = try Self.start(options, now)
    }

    deinit {
        running?.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Stops the daemon and starts another on the same folder.
    func restart() throws {
        running?.stop()
        // The folder stays locked for as long as the service is referred to.
        running = nil
        running = try Self.start(options, now)
    }

    /// The daemon.
    ///
    /// A test that asks for it between two lives has a mistake.
    var service: Service {
        guard let running else { preconditionFailure("the daemon does not run") }
        return running
    }

    private static func start(
        _ options: ServeOptions,
        _ now: @escaping @Sendable () -> Timestamp
    ) throws -> Service {
        // The tests' own program stands in the same folder as the program under test.
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "roost")
        return try Service(
            options,
            checkExecutable: program.path(percentEncoded: false),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: now
        )
    }

    /// Connects and sends one request.
    func request(
        _ method: String,
        _ target: String,
        fields: [(String, String)] = [],
        body: [UInt8]? = nil
    ) throws -> RawHTTPClient.Response {
        try RawHTTPClient(service.address, timeoutMilliseconds: 30_000)
            .request(method, target, fields: fields, body: body)
    }

    func deploy(_ name: String, _ module: [UInt8]) throws -> RawHTTPClient.Response {
        try request(
            "PUT",
            "/v1/functions/\(name)",
            fields: [("Content-Type", "application/wasm")],
            body: module
        )
    }

    /// Deploys a module in the text format.
    func deploy(_ name: String, text: String) throws -> RawHTTPClient.Response {
        try request(
            "PUT",
            "/v1/functions/\(name)",
            fields: [("Content-Type", "text/wat")],
            body: Array(text.utf8)
        )
    }

    func configure(_ name: String, _ patch: String) throws -> RawHTTPClient.Response {
        try request("PATCH", "/v1/functions/\(name)/config", body: Array(patch.utf8))
    }

    /// The members of a JSON object.
    static func json(_ response: RawHTTPClient.Response) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(response.body))
        return value as? [String: Any] ?? [:]
    }
}
