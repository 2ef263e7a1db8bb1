import Daemon
import Foundation
import Linux
import TestSupport
import Testing
import WasmText

/// Secrets: guests see them, nobody else does.
struct SecretTests {
    private let value = "s3cr3t-\(UUID().uuidString)"
    private let later = "l4t3r-\(UUID().uuidString)"

    /// A daemon in a process of its own, and everything that it says.
    private final class Witness {
        let data: URL
        private let logFile: URL
        private var process: Process
        private var url: String
        /// All answers of the control plane, heads and bodies.
        private(set) var answers = ""

        init(
            _ folder: ScratchFolder,
            arguments: [String] = [],
            _ environment: [String: String] = [:]
        )
            throws
        {
            data = URL(filePath: folder.file("data"))
            logFile = URL(filePath: folder.file("log"))
            try Data().write(to: logFile)
            (process, url) = try Self.start(data, logFile, arguments, environment)
        }

        deinit { stop() }

        private static func start(
            _ data: URL,
            _ logFile: URL,
            _ arguments: [String],
            _ environment: [String: String]
        ) throws -> (Process, String) {
            let log = try FileHandle(forWritingTo: logFile)
            try log.seekToEnd()
            return try Program.serve(
                data: data,
                arguments: ["--dev"] + arguments,
                environment: environment,
                log: log
            )
        }

        func restart(
            killing: Bool = false,
            arguments: [String] = [],
            _ environment: [String: String] = [:]
        ) throws {
            if killing { kill(process.processIdentifier, SIGKILL) } else { process.terminate() }
            process.waitUntilExit()
            (process, url) = try Self.start(data, logFile, arguments, environment)
        }

        func stop() {
            guard process.isRunning else { return }
            process.terminate()
            process.waitUntilExit()
        }

        var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

        func request(
            _ method: String,
            _ target: String,
            _ body: String? = nil
        ) throws -> RawHTTPClient.Response {
            let response = try call(method, target, body.map { Array($0.utf8) })
            answers += response.fields.map { "\($0.name): \($0.value)\n" }.joined() + response.text
            return response
        }

        func call(
            _ method: String,
            _ target: String,
            _ body: [UInt8]? = nil
        ) throws -> RawHTTPClient.Response {
            let port = try #require(url.split(separator: ":").last.flatMap { UInt16($0) })
            let address = try #require(SocketAddress(host: "127.0.0.1", port: port))
            return try RawHTTPClient(address, timeoutMilliseconds: 30_000)
                .request(method, target, body: body)
        }

        /// Deploys the function that shows its environment.
        func deploy(_ name: String) throws {
            let module = try TextModule.encode(GuestModule.environment)
            #expect(try call("PUT", "/v1/functions/\(name)", module).status == 201)
        }

        /// A variable that a function sees.
        func variable(_ name: String, at path: String) throws -> String? {
            let response = try call("GET", path)
            guard response.status == 200 else { return "status \(response.status)" }
            let prefix = "\(name)="
            return response.text.split(separator: "\0").first { $0.hasPrefix(prefix) }
                .map { String($0.dropFirst(prefix.count)) }
        }

        /// Whether bytes are in any file of the data folder.
        func dataHolds(_ text: String) throws -> Bool {
            let needle = Data(text.utf8)
            let files = try FileManager.default.subpathsOfDirectory(
                atPath: data.path(percentEncoded: false)
            )
            #expect(files.contains("control.db"))
            return files.contains { file in
                let bytes = try? Data(contentsOf: data.appending(path: file))
                return bytes?.range(of: needle) != nil
            }
        }
    }

    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test func `a secret is seen by the guest and appears nowhere else`() throws {
        let witness = try Witness(folder)
        try witness.deploy("app")
        let path = "/v1/functions/app/secrets"
        #expect(try witness.request("PUT", "\(path)/API_KEY", value).status == 200)
        #expect(try witness.variable("API_KEY", at: "/f/app") == value)
        #expect(try witness.variable("API_KEY", at: "/f/app@1") == nil)
        #expect(try witness.request("PUT", "\(path)/API_KEY", later).status == 200)
        #expect(try witness.variable("API_KEY", at: "/f/app") == later)
        // What a version had, it has after a rollback, and it is inherited by what comes.
        #expect(try witness.request("POST", "/v1/functions/app/rollback").status == 200)
        #expect(try witness.variable("API_KEY", at: "/f/app") == value)
        let patch = #"{"env":{"MODE":"x"}}"#
        #expect(try witness.request("PATCH", "/v1/functions/app/config", patch).status == 200)
        #expect(try witness.variable("API_KEY", at: "/f/app") == value)

        // Everything that could tell.
        let collision = #"{"env":{"API_KEY":"plain"}}"#
        let refused = try witness.request("PATCH", "/v1/functions/app/config", collision)
        #expect(refused.status == 422 && refused.text.contains("env.API_KEY"))
        for target in [
            "/v1/functions", "/v1/functions/app", "/v1/functions/app/config",
            "/v1/functions/app/versions", "/v1/functions/app/versions/2", path, "\(path)?version=2",
            "/v1/functions/app/history", "/v1/invocations?limit=100", "/v1/pool", "/metrics",
            "/v1/functions/app/logs",
        ] {
            #expect(try witness.request("GET", target).status == 200, "\(target)")
        }
        let names = try RunningDaemon.json(witness.request("GET", path))
        let list = try #require(names["secrets"] as? [[String: Any]])
        #expect(list.map { $0["name"] as? String } == ["API_KEY"])
        #expect(list[0]["setAt"] is String && list[0]["problem"] is NSNull)
        #expect(try witness.request("GET", "\(path)/API_KEY").status == 405)
        try witness.restart(killing: true)
        #expect(try witness.variable("API_KEY", at: "/f/app") == value)
        #expect(try witness.request("DELETE", "\(path)/API_KEY").status == 200)
        #expect(try witness.request("DELETE", "\(path)/API_KEY").status == 404)
        #expect(try witness.variable("API_KEY", at: "/f/app") == nil)
        witness.stop()
        for secret in [value, later] {
            #expect(try !witness.dataHolds(secret))
            #expect(!witness.log.contains(secret))
            #expect(!witness.answers.contains(secret))
        }
        let key = witness.data.appending(path: "secret-key").path(percentEncoded: false)
        let attributes = try FileManager.default.attributesOfItem(atPath: key)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test(arguments: [
        ("PUT", "lower-case", "x", 400), ("PUT", "1KEY", "x", 400), ("PUT", "KEY", "", 400),
        ("PUT", "KEY", "a\0b", 400), ("DELETE", "KEY", nil, 404),
    ])
    func `what is no secret is refused`(
        method: String,
        name: String,
        body: String?,
        status: Int
    ) throws {
        let daemon = try RunningDaemon()
        #expect(try daemon.deploy("app", text: GuestModule.environment).status == 201)
        let target = "/v1/functions/app/secrets/\(name)"
        let response = try daemon.request(method, target, body: body.map { Array($0.utf8) })
        #expect(response.status == status, "\(response.text)")
        #expect(try daemon.request("PUT", "/v1/functions/no/secrets/KEY", body: [65]).status == 404)
        let large = [UInt8](repeating: 65, count: 65_537)
        #expect(
            try daemon.request("PUT", target.replacing(name, with: "K"), body: large).status == 413
        )
        let full = try daemon.request(
            "PUT",
            target.replacing(name, with: "K"),
            body: Array(large.dropFirst(2))
        )
        #expect(full.status == 422 && full.text.contains("65536"))
    }

    @Test func `without its key a function answers 503, and the daemon goes on`() throws {
        let witness = try Witness(folder)
        try witness.deploy("app")
        try witness.deploy("plain")
        let path = "/v1/functions/app/secrets"
        #expect(try witness.request("PUT", "\(path)/KEY", value).status == 200)
        let key = folder.file("data/secret-key")
        let good = try #require(folder.text(of: "data/secret-key"))
        // Gone; another; one that others may read.
        let other = String(repeating: "ab", count: 32) + "\n"
        for (contents, mode) in [(nil, 0o600), (other, 0o600), (good, 0o644)] {
            witness.stop()
            try FileManager.default.removeItem(atPath: key)
            if let contents {
                try folder.write(contents, to: "data/secret-key")
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: key)
            }
            try witness.restart()
            let refused = try witness.call("GET", "/f/app")
            #expect(refused.status == 503)
            #expect(refused.text.contains("secrets cannot be opened"))
            #expect(!refused.text.contains("secret-key"))
            #expect(try witness.variable("FUNCTION_NAME", at: "/f/plain") == "plain")
            let state = try RunningDaemon.json(witness.request("GET", "/v1/functions/app"))
            #expect((state["problems"] as? [String])?.isEmpty == false)
            #expect(
                witness.log.contains("their functions answer 503")
                    || witness.log.contains("no secret can be opened")
            )
            // A key that secrets need is never made anew.
            #expect(
                try witness.request("PUT", "\(path)/SECOND", value).status
                    == (contents == other ? 200 : 503)
            )
            if contents == nil { try folder.write("", to: "data/secret-key") }
        }
        // Mended without a restart.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        #expect(try witness.variable("KEY", at: "/f/app@2") == value)
        #expect(try !witness.dataHolds(value))
    }

    @Test func `the key can be the operator's, and can be replaced`() throws {
        let first = String(repeating: "0f", count: 32)
        let second = String(repeating: "e1", count: 32)
        try FileManager.default.createDirectory(
            atPath: folder.file("credentials"),
            withIntermediateDirectories: false
        )
        try folder.write("\(first)\n", to: "credentials/roost-secret-key")
        let environment = ["CREDENTIALS_DIRECTORY": folder.file("credentials")]
        let witness = try Witness(folder, environment)
        try witness.deploy("app")
        let path = "/v1/functions/app/secrets/KEY"
        #expect(try witness.request("PUT", path, value).status == 200)
        #expect(folder.text(of: "data/secret-key") == nil)
        try folder.write("\(second)\n\(first)\n", to: "credentials/roost-secret-key")
        let rotated = try witness.request("POST", "/v1/secrets/rotate-key")
        #expect(rotated.status == 200 && rotated.text.contains("\"resealed\":1"))
        // The old key may go.
        try folder.write("\(second)\n", to: "credentials/roost-secret-key")
        try witness.restart([:].merging(environment) { $1 })
        #expect(try witness.variable("KEY", at: "/f/app") == value)
        #expect(try !witness.dataHolds(first) && !witness.dataHolds(second))
    }

    @Test func `the data folder's key is replaced by a new one`() throws {
        let witness = try Witness(folder)
        try witness.deploy("app")
        for name in ["A", "B"] {
            let path = "/v1/functions/app/secrets/\(name)"
            #expect(try witness.request("PUT", path, value).status == 200)
        }
        let old = try #require(folder.text(of: "data/secret-key"))
        let rotated = try witness.request("POST", "/v1/secrets/rotate-key")
        #expect(rotated.text.contains("\"resealed\":2"))
        let new = try #require(folder.text(of: "data/secret-key"))
        #expect(new != old && new.count == 65)
        try witness.restart(killing: true)
        #expect(try witness.variable("A", at: "/f/app") == value)
        #expect(try witness.variable("B", at: "/f/app") == value)
    }

    @Test func `secrets that are set while the key is replaced can all be opened`() throws {
        let daemon = try RunningDaemon()
        let names = (0..<4).map { "app\($0)" }
        for name in names {
            #expect(try daemon.deploy(name, text: GuestModule.environment).status == 201)
        }
        let address = daemon.service.address
        DispatchQueue.concurrentPerform(iterations: 16) { index in
            let target =
                index % 4 == 3
                ? ("POST", "/v1/secrets/rotate-key")
                : ("PUT", "/v1/functions/app\(index % 4)/secrets/KEY\(index)")
            _ = try? RawHTTPClient(address, timeoutMilliseconds: 60_000)
                .request(target.0, target.1, body: Array("value \(index)".utf8))
        }
        for (index, name) in names.dropLast().enumerated() {
            let state = try RunningDaemon.json(daemon.request("GET", "/v1/functions/\(name)"))
            #expect(state["problems"] as? [String] == [])
            #expect((state["secrets"] as? [String])?.count == 4)
            let answer = try daemon.request("GET", "/f/\(name)").text
            #expect(answer.contains("KEY\(index + 12)=value \(index + 12)\0"))
        }
    }
}
