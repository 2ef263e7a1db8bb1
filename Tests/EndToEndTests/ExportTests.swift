import Foundation
import Store
import TestSupport
import Testing

/// Functions that leave one daemon and arrive at another.
struct ExportTests {
    private let folder: ScratchFolder
    private var file: String { folder.file("export.db") }

    init() throws { folder = try ScratchFolder() }

    private func daemon(_ name: String, arguments: [String] = []) throws -> TestDaemon {
        try TestDaemon(data: URL(filePath: folder.file(name)), arguments: arguments)
    }

    private func post(
        _ daemon: TestDaemon,
        _ file: String,
        query: String = "",
        fields: [(String, String)] = []
    ) throws -> RawHTTPClient.Response {
        try daemon.request(
            "POST",
            "/v1/import\(query)",
            fields: fields,
            body: Array(try Data(contentsOf: URL(filePath: file)))
        )
    }

    @Test func `functions move to another daemon with versions, aliases, routes and records`()
        throws
    {
        let source = try daemon("source")
        #expect(try source.deploy("hello", GuestModule.sample("hello")) == 201)
        #expect(try source.deploy("echo", GuestModule.sample("echo")) == 201)
        #expect(try source.deploy("echo", GuestModule.writing("Status: 200\n\nnew")) == 200)
        let patch = Array(#"{"routes":[{"path":"/greeting"}]}"#.utf8)
        #expect(
            try source.request("PATCH", "/v1/functions/hello/config", body: patch).status == 200
        )
        let alias = Array(#"{"version":1}"#.utf8)
        #expect(
            try source.request("PUT", "/v1/functions/echo/aliases/stable", body: alias).status
                == 200
        )
        let called = try source.request(
            "GET",
            "/f/hello",
            fields: [("X-Request-Id", "remember-me")]
        )
        #expect(called.status == 200)
        while try source.request("GET", "/v1/invocations/remember-me").status != 200 {}

        let exported = try source.roost("export", file, "--with-records")
        #expect(exported.exitCode == 0 && exported.output.contains("bytes"))
        #expect(exported.errors.isEmpty)
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        // Once more, in the place of the first.
        #expect(try source.roost("export", file, "--with-records", "--json").exitCode == 0)

        let target = try daemon("target")
        let trial = try target.roost("import", file, "--dry-run")
        #expect(trial.exitCode == 0 && trial.output.contains("WOULD BE"))
        #expect(try target.request("GET", "/f/hello").status == 404)
        let imported = try target.roost("import", file)
        #expect(imported.exitCode == 0 && imported.errors.isEmpty)
        #expect(imported.output.contains("1 records"))
        // Without a restart, and after one.
        for current in [target, nil] {
            let current = try current ?? daemon("target")
            #expect(try current.request("GET", "/greeting").text.contains("Hello"))
            #expect(try current.request("GET", "/f/echo").text == "new")
            #expect(
                try current.request("GET", "/f/echo@stable").text.contains("\"method\":\"GET\"")
            )
            #expect(
                try current.json("GET", "/v1/invocations/remember-me")["function"] as? String
                    == "hello"
            )
            current.stop()
        }
        let again = try daemon("target")
        #expect(try again.roost("import", file).output.contains("unchanged"))
        #expect(try again.deploy("echo", GuestModule.sample("hello")) == 200)
        let refused = try again.roost("import", file)
        #expect(refused.exitCode == 1 && refused.errors.contains("nothing was imported"))
        #expect(try again.roost("import", file, "--skip-existing").output.contains("skipped"))
        let replaced = try again.roost("import", file, "--replace", "--json")
        #expect(replaced.output.contains(#""outcome":"replaced""#))
        #expect(try again.request("GET", "/f/echo").text == "new")
        #expect(try again.request("GET", "/f/echo@stable").text.contains("\"method\":\"GET\""))
    }

    @Test func `an export made under way is of one moment`() throws {
        let source = try daemon("source")
        // Both functions always have the same number of versions, or the first has one more.
        let modules = try (0..<12).map { try GuestModule.writing("Status: 200\n\n\($0)") }
        let (address, environment, file) = (try source.address, ["ROOST_URL": source.url], file)
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            guard index == 0 else {
                for number in 0..<12 {
                    _ = try? Program.run(["export", "\(file)-\(number)"], environment: environment)
                }
                return
            }
            for module in modules {
                for name in ["first", "second"] {
                    _ = try? RawHTTPClient(address, timeoutMilliseconds: 30_000)
                        .request("PUT", "/v1/functions/\(name)", body: module)
                }
            }
        }
        #expect(try source.json("GET", "/v1/functions/second")["latestVersion"] as? Int == 12)
        for number in 0..<12 {
            let file = try ImportFile(path: "\(file)-\(number)")
            let counts = try ["first", "second"].map { name in
                try file.functionNames().contains(name) ? file.versions(of: name).count : 0
            }
            #expect((0...1).contains(counts[0] - counts[1]), "\(counts)")
        }
    }

    @Test func `a large file goes both ways in pieces`() throws {
        let source = try daemon("source")
        // Custom sections that nothing compresses.
        for index in 0..<4 {
            var module = try GuestModule.writing("Status: 200\n\n\(index)")
            var state = UInt64(index + 1)
            let noise = (0..<3_000_000).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1
                return UInt8(truncatingIfNeeded: state >> 56)
            }
            // id, size, name "n", contents
            let size = noise.count + 2
            module.append(0)
            for digit in 0..<4 {
                module.append(UInt8(size >> (7 * digit) & 0x7f) | (digit < 3 ? 0x80 : 0))
            }
            module += [1, 0x6e]
            module += noise
            #expect(try source.deploy("f\(index)", module) == 201)
        }
        #expect(try source.roost("export", file).exitCode == 0)
        let size = try #require(
            try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
        )
        #expect(size > 12_000_000)
        let target = try daemon("target")
        #expect(try target.roost("import", file).exitCode == 0)
        for index in 0..<4 { #expect(try target.request("GET", "/f/f\(index)").text == "\(index)") }
        // Nothing is left of the transfers.
        for name in ["source", "target"] {
            let left = try FileManager.default.contentsOfDirectory(
                atPath: folder.file("\(name)/tmp")
            )
            #expect(left.isEmpty)
        }
    }

    @Test func `progress is told to those who ask`() throws {
        let source = try daemon("source")
        #expect(try source.deploy("hello", GuestModule.sample("hello")) == 201)
        #expect(try source.roost("export", file).exitCode == 0)
        let answer = try post(
            source,
            file,
            fields: [("Accept", "application/x-ndjson")]
        )
        let lines = answer.text.split(separator: "\n")
        #expect(lines.first?.hasPrefix(#"{"progress":{"done":0"#) == true)
        #expect(lines.last?.contains(#""outcome":"unchanged""#) == true)
    }

    // MARK: - What is refused

    /// Writes an export with whatever a store can be brought to hold.
    private func writeExport(_ fill: (DeploymentStore) throws -> Void) throws -> String {
        let name = UUID().uuidString
        let data = try DataFolder(path: folder.file(name))
        let store = try DeploymentStore(folder: data)
        try fill(store)
        let path = folder.file("\(name).db")
        let writer = try ExportWriter(path: path)
        _ = try writer.add(from: store, functions: nil, withSecrets: false)
        try writer.finish()
        return path
    }

    private func writeExport(
        name: String = "bad",
        module: [UInt8]? = nil,
        configuration: String = "{}",
        interface: String = "wasi-command",
        alias: String? = nil
    ) throws -> String {
        try writeExport { store in
            // A sound one before it: nothing of it may stay.
            _ = try store.deploy(
                name: "a-good-one",
                module: GuestModule.sample("hello"),
                guestInterface: "wasi-command"
            )
            _ = try store.deploy(
                name: name,
                module: module ?? GuestModule.sample("echo"),
                configuration: Data(configuration.utf8),
                guestInterface: interface
            )
            if let alias { _ = try store.setAlias(function: name, alias: alias, version: 1) }
        }
    }

    @Test func `what would be refused as an upload is refused in an import, with all the rest`()
        throws
    {
        let target = try daemon("target")
        let wrong: [(String, String)] = [
            (try writeExport(module: [1, 2, 3]), "function 'bad', version 1: the module is"),
            (
                try writeExport(
                    module: TestModule.importing("nothing", from: "nowhere")
                ), "function 'bad', version 1"
            ),
            (try writeExport(configuration: #"{"reuse":"x"}"#), "function 'bad', version 1"),
            (try writeExport(configuration: #"{"nonsense":1}"#), "nonsense"),
            (
                try writeExport(configuration: #"{"limits":{"memoryBytes":99999999999999}}"#),
                "limits.memoryBytes"
            ),
            (try writeExport(name: "Bad_Name"), "is not a function name"),
            (try writeExport(interface: "http-wasm-handler"), "interface"),
            (try writeExport(alias: "7"), "'7' is not an alias"),
        ]
        for (path, reason) in wrong {
            let answer = try post(target, path)
            #expect(answer.status == 422, "\(reason): \(answer.text)")
            let detail = try RunningDaemon.json(answer)["detail"] as? String
            #expect(detail?.contains(reason) == true, "\(detail ?? "")")
            #expect(try target.request("GET", "/f/a-good-one").status == 404)
        }
        let functions = try target.json("GET", "/v1/functions")["functions"] as? [Any]
        #expect(functions?.isEmpty == true)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.file("target/tmp"))
        #expect(left.isEmpty)
    }

    @Test func `requests that make no sense are refused`() throws {
        try folder.write("{control:{importBytesMax:20000}}", to: "roost.json")
        let target = try daemon("target", arguments: ["--config", folder.file("roost.json")])
        let nothing = [UInt8]()
        #expect(try target.request("POST", "/v1/import", body: nothing).status == 422)
        #expect(try target.request("POST", "/v1/import", body: Array("text".utf8)).status == 422)
        let large = [UInt8](repeating: 0, count: 20_001)
        #expect(try target.request("POST", "/v1/import", body: large).status == 413)
        #expect(try target.request("POST", "/v1/import?existing=x", body: nothing).status == 400)
        #expect(try target.request("POST", "/v1/import?dryrun=1", body: nothing).status == 400)
        #expect(try target.request("GET", "/v1/import").status == 405)
        #expect(try target.request("POST", "/v1/export").status == 405)
        #expect(try target.request("GET", "/v1/export?functions=none").status == 404)
        #expect(try target.request("GET", "/v1/export?functions=No%20Name").status == 400)
        #expect(try target.request("GET", "/v1/export?all=1").status == 400)
        #expect(try target.request("GET", "/v1/export").status == 200)
        #expect(try target.roost("export", folder.file("no/where")).exitCode == 73)
        #expect(try target.roost("import", folder.file("nothing")).exitCode == 66)
        #expect(try target.roost("import", file, "--replace", "--skip-existing").exitCode == 64)
    }

    @Test func `both calls need the token`() throws {
        let data = URL(filePath: folder.file("source"))
        let daemon = try TestDaemon(data: data, dev: false)
        for fields in [[], [("Authorization", "Bearer nonsense")]] {
            let exported = try daemon.request("GET", "/v1/export", fields: fields)
            #expect(exported.status == 401)
            let imported = try daemon.request(
                "POST",
                "/v1/import",
                fields: fields,
                body: [1, 2, 3]
            )
            #expect(imported.status == 401)
        }
        #expect(try daemon.roost("export", file).exitCode == 0)
        #expect(try daemon.roost("import", file).exitCode == 0)
    }
}

private enum TestModule {
    /// A module that cannot be linked.
    static func importing(_ name: String, from module: String) -> [UInt8] {
        func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
        let imports: [UInt8] = [1] + text(module) + text(name) + [0, 0]
        let start: [UInt8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2]
        return start + [UInt8(imports.count)] + imports
    }
}
