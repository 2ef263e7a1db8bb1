import Daemon
import Foundation
import Linux
import TestSupport
import Testing

/// The daemon among service managers, proxies and those who read logs.
struct OperationTests {
    private let folder: ScratchFolder
    private var data: URL { URL(filePath: folder.file("data")) }

    init() throws { folder = try ScratchFolder() }

    private func address(_ name: String) throws -> SocketAddress {
        try #require(SocketAddress(unixPath: folder.file(name)))
    }

    /// The address of a line that says where the daemon listens.
    private func address(url: String) throws -> SocketAddress {
        let port = try #require(url.split(separator: ":").last.flatMap { UInt16($0) })
        return try #require(SocketAddress(host: "127.0.0.1", port: port))
    }

    private func status(_ target: String, at address: SocketAddress) throws -> Int {
        try RawHTTPClient(address).request("GET", target).status
    }

    private func stop(_ daemon: Process) {
        daemon.terminate()
        daemon.waitUntilExit()
        #expect(daemon.terminationReason == .exit)
        #expect(daemon.terminationStatus == 0)
    }

    // MARK: - Unix-domain sockets

    @Test func `both planes can be at paths`() throws {
        let (daemon, place) = try Program.serve(
            data: data,
            listen: "unix:" + folder.file("web"),
            arguments: ["--admin-listen", "unix:" + folder.file("admin")]
        )
        #expect(place == "unix:" + folder.file("web"))
        #expect(try status("/f/none", at: address("web")) == 404)
        #expect(try status("/healthz", at: address("web")) == 404)
        #expect(try status("/healthz", at: address("admin")) == 200)
        stop(daemon)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["data"])
    }

    @Test func `a path is taken over from a daemon that died, not from one that lives`() throws {
        let listen = "unix:" + folder.file("web")
        let (first, _) = try Program.serve(data: data, listen: listen)
        let second = try Program.run([
            "serve", "--data", folder.file("other"), "--listen", listen, "--workers", "1",
        ])
        #expect(second.exitCode == 1)
        #expect(second.errors.contains("bind \(listen): Address already in use"))
        #expect(try status("/healthz", at: address("web")) == 200)
        kill(first.processIdentifier, SIGKILL)
        first.waitUntilExit()
        let (third, _) = try Program.serve(data: data, listen: listen)
        #expect(try status("/healthz", at: address("web")) == 200)
        stop(third)
    }

    // MARK: - Service managers

    @Test func `sockets that a service manager has opened are used`() throws {
        let free = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let web = try ListeningSocket(address: free, sharesPort: false)
        let admin = try ListeningSocket(address: address("admin"), sharesPort: false)
        let (daemon, url) = try Program.activate(
            data: data,
            sockets: (web.descriptor.rawValue, admin.descriptor.rawValue)
        )
        #expect(url == "http://\(web.address)")
        for _ in 0..<8 { #expect(try status("/f/none", at: web.address) == 404) }
        #expect(try status("/healthz", at: web.address) == 404)
        #expect(try status("/healthz", at: admin.address) == 200)
        stop(daemon)
        // The file belongs to the manager.
        #expect(FileManager.default.fileExists(atPath: folder.file("admin")))
        _ = consume web
        _ = consume admin
    }

    /// A service manager that listens to what the daemon tells of itself.
    private final class Manager {
        private let socket: DatagramSocket

        init(_ address: SocketAddress) throws { socket = try DatagramSocket(boundTo: address) }

        func expect(_ state: String) throws {
            let message = try socket.receive(timeoutMilliseconds: 30_000) ?? []
            #expect(String(decoding: message, as: UTF8.self).hasPrefix(state))
        }
    }

    @Test func `a service manager learns of every state`() throws {
        let manager = try Manager(address("notify"))
        let (daemon, url) = try Program.serve(
            data: data,
            environment: ["NOTIFY_SOCKET": folder.file("notify")]
        )
        try manager.expect("READY=1")
        kill(daemon.processIdentifier, SIGHUP)
        try manager.expect("RELOADING=1\nMONOTONIC_USEC=")
        try manager.expect("READY=1")
        #expect(try status("/healthz", at: address(url: url)) == 200)
        daemon.terminate()
        try manager.expect("STOPPING=1")
        daemon.waitUntilExit()
        #expect(daemon.terminationStatus == 0)
    }

    // MARK: - Reloading

    @Test func `SIGHUP has the settings read again, and refuses what is wrong`() throws {
        let manager = try Manager(address("notify"))
        try folder.write("{}", to: "roost.json")
        let (daemon, url) = try Program.serve(
            data: data,
            arguments: ["--dev", "--config", folder.file("roost.json")],
            environment: ["NOTIFY_SOCKET": folder.file("notify")]
        )
        try manager.expect("READY=1")
        func reload(_ text: String) throws {
            try folder.write(text, to: "roost.json")
            kill(daemon.processIdentifier, SIGHUP)
            try manager.expect("RELOADING=1")
            try manager.expect("READY=1")
        }
        // The same connection, before and after.
        let client = try RawHTTPClient(try address(url: url), timeoutMilliseconds: 30_000)
        let deployed = try client.request(
            "PUT",
            "/v1/functions/hello",
            fields: [("Content-Type", "application/wasm")],
            body: GuestModule.sample("hello")
        )
        #expect(deployed.status == 201)
        #expect(try client.request("GET", "/f/hello")["x-start"] != nil)
        let patch = Array(#"{"concurrency":9}"#.utf8)

        try reload(#"{"responseFields":{"start":false},"functionCeilings":{"concurrency":8}}"#)
        #expect(try client.request("GET", "/f/hello")["x-start"] == nil)
        let refused = try client.request("PATCH", "/v1/functions/hello/config", body: patch)
        #expect(refused.status == 422)

        try reload(#"{"drainMS":1}"#)
        try reload(#"{"accessLog":"/nowhere/log"}"#)
        #expect(try client.request("GET", "/f/hello")["x-start"] == nil)

        try reload(#"{"server":{"requestsPerConnectionMax":1},"invocations":{"max":1}}"#)
        let last = try client.request("GET", "/f/hello")
        #expect(last["x-start"] != nil)
        #expect(last["connection"] == "close")
        stop(daemon)
    }

    // MARK: - Proxies

    /// Answers with its environment, variables ended by NUL.
    static let environment = """
        (module
          (import "wasi_snapshot_preview1" "environ_sizes_get"
            (func $sizes (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "environ_get"
            (func $get (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 2)
          (data (i32.const 64) "Content-Type: text/plain\\0A\\0A")
          (func (export "_start")
            (drop (call $sizes (i32.const 0) (i32.const 4)))
            (drop (call $get (i32.const 1024) (i32.const 65536)))
            (i32.store (i32.const 8) (i32.const 64))
            (i32.store (i32.const 12) (i32.const 26))
            (i32.store (i32.const 16) (i32.const 65536))
            (i32.store (i32.const 20) (i32.load (i32.const 4)))
            (drop (call $write (i32.const 1) (i32.const 8) (i32.const 2) (i32.const 24)))))
        """

    /// The variables that a function gets for a request with these fields.
    private func variables(
        _ daemon: RunningDaemon,
        _ fields: [(String, String)]
    ) throws -> [String: String] {
        let answer = try daemon.request("GET", "/f/environment/a?b", fields: fields)
        #expect(answer.status == 200)
        let pairs = answer.text.split(separator: "\0").map { variable in
            let parts = variable.split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            return (String(parts[0]), String(parts[1]))
        }
        return Dictionary(pairs) { $1 }
    }

    private static let claims = [
        ("X-Forwarded-For", "203.0.113.9, 192.0.2.7"), ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "example.org"),
    ]

    @Test func `a trusted proxy's word counts`() throws {
        let daemon = try RunningDaemon(configuration: #"{"trustedProxies":["127.0.0.0/8"]}"#)
        #expect(try daemon.deploy("environment", text: Self.environment).status == 201)
        let told = try variables(daemon, Self.claims)
        #expect(told["REMOTE_ADDR"] == "192.0.2.7")
        #expect(told["HTTPS"] == "on")
        #expect(told["SERVER_NAME"] == "example.org")
        #expect(told["SERVER_PORT"] == "443")
        #expect(told["X_FULL_URL"] == "https://example.org/f/environment/a?b")
        let standard = try variables(
            daemon,
            Self.claims + [("Forwarded", "for=\"[2001:db8::7]:80\"")]
        )
        #expect(standard["REMOTE_ADDR"] == "2001:db8::7")
        #expect(standard["HTTPS"] == nil)
        #expect(standard["X_FULL_URL"] == "http://localhost/f/environment/a?b")
        #expect(try variables(daemon, [])["REMOTE_ADDR"] == "127.0.0.1")
    }

    @Test func `anybody else's word is passed on and changes nothing`() throws {
        let daemon = try RunningDaemon(configuration: #"{"trustedProxies":["192.0.2.0/24"]}"#)
        #expect(try daemon.deploy("environment", text: Self.environment).status == 201)
        let told = try variables(daemon, Self.claims + [("Forwarded", "for=192.0.2.7")])
        #expect(told["REMOTE_ADDR"] == "127.0.0.1")
        #expect(told["HTTPS"] == nil)
        #expect(told["X_FULL_URL"] == "http://localhost/f/environment/a?b")
        #expect(told["HTTP_X_FORWARDED_FOR"] == "203.0.113.9, 192.0.2.7")
        #expect(told["HTTP_FORWARDED"] == "for=192.0.2.7")
    }

    // MARK: - The access log

    @Test func `each request of both planes has a line in the access log`() throws {
        let file = folder.file("access.log")
        let daemon = try RunningDaemon(
            configuration: #"{"accessLog":"\#(file)","trustedProxies":["127.0.0.1"]}"#
        )
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        let called = try daemon.request(
            "GET",
            "/f/hello?a=%22b%22",
            fields: [
                ("X-Request-Id", "mine"), ("User-Agent", "test \"1\""), ("Referer", "http://a/"),
                ("X-Forwarded-For", "192.0.2.7"),
            ]
        )
        #expect(called.status == 200)
        let missing = try daemon.request("GET", "/nowhere")
        #expect(missing.status == 404)
        let raw = try RawHTTPClient(daemon.service.address)
        try raw.send("nonsense\r\n\r\n")
        #expect(try raw.readResponse().status == 400)
        let metrics = try daemon.request("GET", "/metrics").text
        #expect(metrics.contains("\nroost_access_log_dropped_total 0"))
        // Writes what is waiting.
        try daemon.restart()
        let lines = try #require(folder.text(of: "access.log")).split(separator: "\n").map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
        }
        #expect(lines.map { $0["status"] as? Int } == [201, 200, 404, 400, 200])
        #expect(
            lines.map { $0["target"] as? String } == [
                "/v1/functions/hello", "/f/hello?a=%22b%22", "/nowhere", nil, "/metrics",
            ]
        )
        #expect(lines.map { $0["method"] as? String } == ["PUT", "GET", "GET", nil, "GET"])
        #expect(lines.map { $0["function"] as? String } == [nil, "hello", nil, nil, nil])
        #expect(lines.allSatisfy { $0["requestId"] is String })
        let call = lines[1]
        #expect(call["requestId"] as? String == "mine")
        #expect(call["client"] as? String == "192.0.2.7")
        #expect(call["userAgent"] as? String == "test \"1\"")
        #expect(call["referer"] as? String == "http://a/")
        #expect(call["bytesOut"] as? Int == called.body.count)
        #expect(call["durationUs"] as? Int ?? 0 > 0)
        #expect(lines[0]["client"] as? String == "127.0.0.1")
        #expect(lines[0]["bytesIn"] as? Int == (try GuestModule.sample("hello").count))
        #expect(lines[2]["requestId"] as? String == missing["x-request-id"])
    }
}
