import Foundation
import TestSupport
import Testing

/// Tokens, signatures and the audit trail from the command line, against a daemon process.
struct AccessProgramTests {
    private let folder: ScratchFolder
    private var data: URL { URL(filePath: folder.file("data")) }

    init() throws { folder = try ScratchFolder() }

    private func roost(
        _ arguments: String...,
        url: String,
        token: String? = nil
    ) throws -> Program.Result {
        var environment = ["ROOST_URL": url, "ROOST_DATA": folder.file("data")]
        environment["ROOST_TOKEN"] = token
        return try Program.run(arguments, environment: environment)
    }

    @Test func `tokens are made, used and revoked, and live through a kill`() throws {
        var (daemon, url) = try Program.serve(data: data)
        let made = try roost(
            "token",
            "create",
            "ci",
            "--scope",
            "deploy",
            "--function",
            "shop-*",
            "--expires",
            "1d",
            url: url
        )
        #expect(made.exitCode == 0, "\(made.errors)")
        let secret = made.output.trimmingCharacters(in: .newlines)
        #expect(secret.hasPrefix("roost_"))
        kill(daemon.processIdentifier, SIGKILL)
        daemon.waitUntilExit()
        (daemon, url) = try Program.serve(data: data)
        defer {
            daemon.terminate()
            daemon.waitUntilExit()
        }
        let module = Program.sample("hello")
        #expect(try roost("deploy", "shop-a", module, url: url, token: secret).exitCode == 0)
        let other = try roost("deploy", "till", module, url: url, token: secret)
        #expect(other.exitCode == 1)
        #expect(other.errors.contains("403"))
        #expect(try roost("list", url: url, token: secret).exitCode == 1)
        let list = try roost("token", "list", url: url).output
        #expect(list.contains("ci     deploy  shop-*"))
        #expect(try roost("token", "list", "--json", url: url).output.contains("\"builtIn\":true"))
        #expect(try roost("token", "revoke", "ci", url: url).output == "revoked ci\n")
        #expect(try roost("deploy", "shop-b", module, url: url, token: secret).exitCode == 1)
        let audit = try roost("audit", "--json", "--limit", "2", url: url).output
        let lines = audit.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].contains(#""action":"token.revoke","actor":"admin""#))
        #expect(lines[1].contains(#""action":"deploy","actor":"ci""#))
        #expect(try roost("audit", "shop-a", url: url).output.contains("deploy"))
    }

    @Test(arguments: [["0.0.0.0:0"], ["127.0.0.1:0", "--admin-listen", "0.0.0.0:0"]])
    func `a daemon that asks for no token does not start where others reach it`(
        _ addresses: [String]
    ) throws {
        let result = try Program.run(
            ["serve", "--dev", "--data", folder.file("data"), "--listen"] + addresses
        )
        #expect(result.exitCode == 1)
        #expect(result.errors.contains("only allowed on a loopback address"))
    }

    @Test func `a deploy is signed with a key file`() throws {
        let keyFile = folder.file("release.pem")
        let generated = try Program.run(["sign", "--generate", keyFile])
        #expect(generated.exitCode == 0, "\(generated.errors)")
        let mode = try FileManager.default.attributesOfItem(atPath: keyFile)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(try Program.run(["sign", "--generate", keyFile]).exitCode == 73)
        let publicKey = generated.output.trimmingCharacters(in: .newlines)
        try folder.write(
            """
            {trustedKeys: [{name: "release", publicKey: "\(publicKey)"}], requireSignature: true}
            """,
            to: "roost.json"
        )
        let (daemon, url) = try Program.serve(
            data: data,
            arguments: ["--config", folder.file("roost.json")]
        )
        defer {
            daemon.terminate()
            daemon.waitUntilExit()
        }
        let module = Program.sample("hello")
        let unsigned = try roost("deploy", "hello", module, url: url)
        #expect(unsigned.exitCode == 1)
        #expect(unsigned.errors.contains("Roost-Signature is missing"))
        let signed = try roost("deploy", "hello", module, "--key", keyFile, url: url)
        #expect(signed.exitCode == 0, "\(signed.errors)")
        let signature = try Program.run(["sign", module, "--key", keyFile])
        #expect(signature.output.hasPrefix("ed25519="))
        let file = folder.file("signature")
        #expect(try Program.run(["sign", module, "--key", keyFile, "-o", file]).exitCode == 0)
        #expect(folder.text(of: "signature")?.hasPrefix("ed25519=") == true)
        let wrongKey = try roost("deploy", "hello", module, "--key", module, url: url)
        #expect(wrongKey.exitCode == 66)
    }
}
