import Foundation
import Linux
import TestSupport
import Testing

/// A daemon on a file system that becomes full: a small one of its own, in a mount namespace of its own.
@Suite(
    .enabled(
        if: SmallFileSystem.canBeMounted,
        "a file system can only be mounted by root, with unshare and mount of util-linux"
    )
)
struct FullDiskTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// A daemon, and the small file system as this process can reach it.
    private final class Daemon {
        let client: RawHTTPClient
        let place: String
        private let process: Process

        init(_ folder: ScratchFolder, data: String, size: String) throws {
            let place = folder.file("small")
            try FileManager.default.createDirectory(
                atPath: place,
                withIntermediateDirectories: true
            )
            process = SmallFileSystem.process(
                at: place,
                size: size,
                [
                    Program.executable.path(percentEncoded: false), "serve", "--data", data,
                    "--listen", "127.0.0.1:0", "--workers", "1", "--dev",
                ]
            )
            let url = try Program.start(process)
            let port = try #require(url.split(separator: ":").last.flatMap { UInt16($0) })
            let address = try #require(SocketAddress(host: "127.0.0.1", port: port))
            client = try RawHTTPClient(address, timeoutMilliseconds: 30_000)
            self.place = "/proc/\(process.processIdentifier)/root\(place)"
        }

        deinit {
            process.terminate()
            process.waitUntilExit()
        }

        /// Takes all room that is left; returns the file that has it.
        func fill() throws -> String {
            let path = "\(place)/filler"
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            let file = try #require(FileHandle(forWritingAtPath: path))
            let page = Data(repeating: 1, count: 4_096)
            while (try? file.write(contentsOf: page)) != nil {}
            return path
        }

        func deploy(_ name: String, _ sample: String) throws -> RawHTTPClient.Response {
            try client.request(
                "PUT",
                "/v1/functions/\(name)",
                fields: [("Content-Type", "application/wasm")],
                body: try GuestModule.sample(sample)
            )
        }

        /// Calls a function that logs; every call is answered.
        func call(_ count: Int) throws {
            for _ in 0..<count {
                #expect(try client.request("GET", "/f/chatty?lines=100").status == 200)
            }
        }

        func records(_ result: String) throws -> Int {
            let text = try PrometheusText(parsing: client.request("GET", "/metrics").text)
            return Int(text.value("roost_records_total", ["result": result]) ?? -1)
        }

        /// Waits until as many records are dealt with as there were calls.
        func settle(_ calls: Int) throws -> (stored: Int, dropped: Int) {
            for _ in 0..<400 {
                let counts = (stored: try records("stored"), dropped: try records("dropped"))
                if counts.stored + counts.dropped == calls { return counts }
                usleep(25_000)
            }
            Issue.record(
                "\(calls) calls, but \(try records("stored")) and \(try records("dropped"))"
            )
            return (0, 0)
        }

        /// The records that gaps tell of.
        func missing() throws -> Int {
            let response = try client.request(
                "POST",
                "/v1/query",
                fields: [("Content-Type", "application/sql")],
                body: Array("SELECT coalesce(sum(dropped), 0) FROM gaps".utf8)
            )
            let rows = try RunningDaemon.json(response)["rows"] as? [[Int]]
            return try #require(rows?.first?.first)
        }
    }

    @Test func `nothing is lost, and calls go on, when the file system of all is full`() throws {
        let daemon = try Daemon(folder, data: "\(folder.file("small"))/data", size: "16m")
        #expect(try daemon.deploy("chatty", "chatty").status == 201)
        try daemon.call(10)
        #expect(try daemon.settle(10) == (stored: 10, dropped: 0))
        let filler = try daemon.fill()
        try daemon.call(300)
        #expect(try daemon.settle(310).dropped > 0)
        let refused = try daemon.deploy("other", "echo")
        #expect(refused.status == 507)
        #expect(refused.text.contains("the file system of the data folder is full"))
        #expect(try daemon.client.request("GET", "/v1/functions/other").status == 404)
        try daemon.call(1)

        try FileManager.default.removeItem(atPath: filler)
        #expect(try daemon.deploy("other", "echo").status == 201)
        try daemon.call(10)
        // Called once while there may have been no room.
        let counts = try daemon.settle(321)
        #expect(counts.stored >= 20)
        #expect(try daemon.missing() == counts.dropped)
    }

    @Test func `deployments go on when only the log's file system is full`() throws {
        let data = folder.file("data")
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(data)/log.db",
            withDestinationPath: "\(folder.file("small"))/log.db"
        )
        let daemon = try Daemon(folder, data: data, size: "2m")
        #expect(try daemon.deploy("chatty", "chatty").status == 201)
        try daemon.call(10)
        #expect(try daemon.settle(10) == (stored: 10, dropped: 0))
        let filler = try daemon.fill()
        try daemon.call(500)
        #expect(try daemon.settle(510).dropped > 0)
        #expect(try daemon.deploy("other", "echo").status == 201)
        #expect(try daemon.client.request("GET", "/f/other").status == 200)

        try FileManager.default.removeItem(atPath: filler)
        try daemon.call(10)
        let counts = try daemon.settle(521)
        #expect(try daemon.missing() == counts.dropped)
    }
}

/// Processes in mount namespaces of their own, with a file system of memory that only they have.
private enum SmallFileSystem {
    /// Mounts it on the first argument, of the size of the second, and becomes the rest.
    private static let mounting = """
        mount --make-rprivate / && mount -t tmpfs -o "size=$1" none "$0" && shift && exec "$@"
        """

    static func process(at place: String, size: String, _ command: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        process.arguments = ["-m", "/bin/sh", "-c", mounting, place, size] + command
        process.standardError = FileHandle.nullDevice
        return process
    }

    static let canBeMounted: Bool = {
        let trial = process(at: "/mnt", size: "1m", ["/bin/true"])
        guard (try? trial.run()) != nil else { return false }
        trial.waitUntilExit()
        return trial.terminationStatus == 0
    }()
}
