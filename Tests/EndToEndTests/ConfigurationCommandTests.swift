import Foundation
import TestSupport
import Testing

/// The commands for versions, traffic, configuration and secrets, and deploying a folder.
struct ConfigurationCommandTests {
    private let folder: ScratchFolder
    private let process: Process
    private let environment: [String: String]

    init() throws {
        folder = try ScratchFolder()
        let data = URL(filePath: folder.file("data"))
        let (process, url) = try Program.serve(data: data)
        self.process = process
        environment = ["ROOST_URL": url, "ROOST_DATA": folder.file("data")]
    }

    private func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    @discardableResult
    private func roost(
        _ arguments: String...,
        input: String = "",
        exits code: Int32 = 0
    ) throws -> String {
        let result = try Program.run(arguments, input: input, environment: environment)
        #expect(result.exitCode == code, "\(arguments): \(result.errors)")
        return code == 0 ? result.output : result.errors
    }

    private func makeProject(_ name: String, _ files: [String: String]) throws -> String {
        let path = folder.file(name)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        for (file, text) in files { try folder.write(text, to: "\(name)/\(file)") }
        return path
    }

    @Test func `versions, aliases, rollbacks and their history`() throws {
        defer { stop() }
        try roost("deploy", "hello", Program.sample("hello"))
        try roost("deploy", "hello", Program.sample("echo"))
        let split = try roost(
            "alias",
            "hello",
            "live",
            "2",
            "--weight",
            "1=0.25",
            "--sticky-header",
            "X-User"
        )
        #expect(split == "hello@live is 2, 25 % to 1, by header X-User\n")
        #expect(try roost("versions", "hello").contains("live 75 %"))
        #expect(try roost("rollback", "hello") == "hello is back at version 2\n")
        #expect(try roost("rollback", "hello") == "hello is back at version 1\n")
        #expect(try roost("rollback", "hello", exits: 1).contains("none before it"))
        try roost("alias", "hello", "stable", "1")
        #expect(try roost("alias", "hello").contains("stable"))
        try roost("alias", "hello", "stable", "--delete")
        let history = try roost("history", "hello")
        #expect(history.contains("live: 2, 25 % to 1, by header X-User → 2"))
        #expect(history.contains("alias-delete") && history.contains("admin"))
        try roost("alias", "hello", "live", exits: 64)
        try roost("alias", "hello", "live", "9", exits: 1)
    }

    @Test func `configuration and secrets`() throws {
        defer { stop() }
        try folder.write(GuestModule.environment, to: "env.wat")
        try roost("deploy", "app", folder.file("env.wat"))
        let changed = try roost(
            "config",
            "app",
            "--set",
            "limits.timeoutMs=500",
            "--set",
            "env.PORT=8080"
        )
        #expect(changed == "app version 2, live\n")
        #expect(try roost("config", "app").contains("\"timeoutMs\" : 500"))
        #expect(try roost("invoke", "app").contains("PORT=8080"))
        #expect(
            try roost("config", "app", "--set", "limits.timeout=5", exits: 1)
                .contains("did you mean 'limits.timeoutMs'")
        )
        try roost("config", "app", "--unset", "env.PORT")
        #expect(try !roost("invoke", "app").contains("PORT=8080"))
        try folder.write("{ env: { A: 'b' }, /* all else as it comes */ }", to: "config.json")
        try roost("config", "app", "--file", folder.file("config.json"))
        #expect(try roost("config", "app").contains("\"timeoutMs\" : 10000"))

        let set = try roost("secret", "set", "app", "TOKEN", input: "hush\n")
        #expect(set == "set TOKEN of app: version 5, live\n")
        #expect(try roost("invoke", "app").contains("TOKEN=hush\0"))
        let list = try roost("secret", "list", "app")
        #expect(list.contains("TOKEN") && !list.contains("hush"))
        try roost("secret", "rotate-key")
        #expect(try roost("invoke", "app").contains("TOKEN=hush\0"))
        try roost("secret", "delete", "app", "TOKEN")
        #expect(try !roost("invoke", "app").contains("TOKEN"))
    }

    @Test func `a folder is deployed with its configuration, as one version`() throws {
        defer { stop() }
        let path = try makeProject(
            "shop",
            [
                "shop.wat": GuestModule.environment,
                "roost.json": """
                // The function's configuration.
                { "env": { "MODE": "fast" }, "limits": { "timeoutMs": 700 }, }
                """,
            ]
        )
        #expect(try roost("deploy", path).hasPrefix("shop version 1"))
        #expect(try roost("invoke", "shop").contains("MODE=fast"))
        // The same again makes nothing; the file's settings are all there are.
        #expect(try roost("deploy", path).hasPrefix("shop version 1"))
        try roost("config", "shop", "--set", "concurrency=9")
        #expect(try roost("deploy", path, "--env", "EXTRA=1").hasPrefix("shop version 3"))
        let config = try roost("config", "shop")
        #expect(config.contains("\"concurrency\" : 128") && config.contains("\"EXTRA\""))
        #expect(try roost("deploy", "other", path).hasPrefix("other version 1"))
        try folder.write(GuestModule.counting, to: "shop/second.wat")
        #expect(try roost("deploy", path, exits: 66).contains("second.wat, shop.wat"))
        try folder.write(#"{"name":"named","module":"second.wat"}"#, to: "shop/roost.json")
        #expect(try roost("deploy", path).hasPrefix("named version 1"))
        try folder.write(#"{"modul":"second.wat"}"#, to: "shop/roost.json")
        #expect(try roost("deploy", path, exits: 65).contains("did you mean 'module'"))
        let empty = try makeProject("empty", [:])
        #expect(try roost("deploy", empty, exits: 66).contains("no .wasm or .wat"))
        try roost("deploy", "nothing-here", exits: 64)
    }
}
