import Daemon
import Foundation
import Gzip
import Store
import TestSupport
import Testing

/// Modules that have to be signed.
struct SignatureTests {
    private let key = SigningKey()
    private let other = SigningKey()
    private let module: [UInt8]

    init() throws { module = try GuestModule.sample("hello") }

    private func daemon(isRequired: Bool) throws -> RunningDaemon {
        try RunningDaemon(
            configuration: """
                {"trustedKeys":[{"name":"first","publicKey":"\(SigningKey().publicKey)"},
                {"name":"release","publicKey":"\(key.publicKey)"}],"requireSignature":\(isRequired)}
                """
        )
    }

    private func deploy(
        _ daemon: RunningDaemon,
        _ body: [UInt8],
        _ signatures: [String],
        fields: [(String, String)] = [("Content-Type", "application/wasm")]
    ) throws -> RawHTTPClient.Response {
        try daemon.request(
            "PUT",
            "/v1/functions/hello",
            fields: fields + signatures.map { ("Roost-Signature", $0) },
            body: body
        )
    }

    @Test func `an import needs the signatures that an upload needs`() throws {
        let open = try daemon(isRequired: false)
        #expect(try deploy(open, module, []).status == 201)
        let unsigned = try open.request("GET", "/v1/export").body
        #expect(try open.request("DELETE", "/v1/functions/hello").status == 204)
        let signature = try key.signature(of: Data(module))
        #expect(try deploy(open, module, [signature]).status == 201)
        let signed = try open.request("GET", "/v1/export").body

        let strict = try daemon(isRequired: true)
        try expectProblem(
            strict.request("POST", "/v1/import", body: unsigned),
            403,
            "signature-required"
        )
        // By a key that is not trusted.
        let place = try #require(Data(signed).range(of: Data("release".utf8)))
        var forged = signed
        forged.replaceSubrange(place, with: Array("another".utf8))
        #expect(try strict.request("POST", "/v1/import", body: forged).status == 403)
        #expect(try strict.request("GET", "/f/hello").status == 404)
        #expect(try strict.request("POST", "/v1/import", body: signed).status == 200)
        #expect(try strict.request("GET", "/f/hello").status == 200)
    }

    @Test func `the signature of a module lets no files in beside it`() throws {
        let folder = try ScratchFolder()
        let data = URL(filePath: folder.file("data"))
        let open = try TestDaemon(data: data)
        let archive = TarWriter.archive([("main.wasm", module), ("a.txt", Array("a".utf8))])
        let type = [("Content-Type", "application/x-tar")]
        #expect(
            try open.request("PUT", "/v1/functions/hello", fields: type, body: archive).status
                == 201
        )
        open.stop()
        // As somebody would write it who has a signed interpreter, and a script of his own.
        let base64 = try key.signature(of: Data(module)).dropFirst("ed25519=".count)
        let source = #"{"signature":{"key":"release","signature":"\#(base64)"}}"#
        try Self.run("UPDATE version SET source = CAST('\(source)' AS BLOB)", data)
        let forger = try TestDaemon(data: data)
        let forged = try forger.request("GET", "/v1/export").body
        forger.stop()

        let strict = try daemon(isRequired: true)
        let refused = try strict.request("POST", "/v1/import", body: forged)
        try expectProblem(refused, 403, "untrusted-signature")
        #expect(refused.text.contains("with files or a script"))
        #expect(try strict.request("GET", "/f/hello").status == 404)
    }

    private static func run(_ sql: String, _ data: URL) throws {
        let store = try DeploymentStore(folder: DataFolder(path: data.path(percentEncoded: false)))
        _ = try store.file.executeOnWriter(sql)
        store.close()
    }

    @Test func `a module comes in with a trusted key's signature, and no other`() throws {
        let daemon = try daemon(isRequired: true)
        let signature = try key.signature(of: Data(module))
        var altered = module
        altered[altered.count - 1] ^= 1
        let text = Array(GuestModule.counting.utf8)
        let wat = [("Content-Type", "text/wat")]

        try expectProblem(deploy(daemon, module, []), 403, "signature-required")
        try expectProblem(
            deploy(daemon, module, [other.signature(of: Data(module))]),
            403,
            "untrusted-signature"
        )
        try expectProblem(deploy(daemon, altered, [signature]), 403, "untrusted-signature")
        try expectProblem(deploy(daemon, module + [0], [signature]), 403, "untrusted-signature")
        try expectProblem(deploy(daemon, text, [], fields: wat), 403, "signature-required")
        try expectProblem(
            deploy(daemon, text, [signature], fields: wat),
            403,
            "untrusted-signature"
        )
        for malformed in [
            "", "ed25519=", "ed25519=AAAA", "release=" + signature.dropFirst(8), signature + "!",
            "rsa" + signature,
        ] {
            try expectProblem(deploy(daemon, module, [malformed]), 422, "bad-signature")
        }
        try expectProblem(
            deploy(daemon, module, [signature, signature]),
            422,
            "bad-signature"
        )
        #expect(try daemon.request("GET", "/v1/functions/hello").status == 404)
        let audit = try daemon.request("GET", "/v1/audit")
        #expect((try RunningDaemon.json(audit)["entries"] as? [Any])?.isEmpty == true)

        let deployed = try deploy(daemon, module, [signature])
        #expect(deployed.status == 201, "\(deployed.text)")
        #expect(try RunningDaemon.json(deployed)["signedBy"] as? String == "release")
        #expect(try daemon.request("GET", "/f/hello").status == 200)
        // The same bytes, once they are known, need it as much.
        try expectProblem(deploy(daemon, module, []), 403, "signature-required")

        // What is signed is what the file holds, whatever its coding on the way.
        let packed = try #require(GzipEncoder()).pack(module, isLast: true)
        let again = try deploy(
            daemon,
            packed,
            [signature],
            fields: [("Content-Type", "application/wasm"), ("Content-Encoding", "gzip")]
        )
        #expect(again.status == 200, "\(again.text)")
        let signed = try deploy(daemon, text, [key.signature(of: Data(text))], fields: wat)
        #expect(signed.status == 200, "\(signed.text)")

        // Versions that only differ in configuration keep their signer.
        #expect(try daemon.configure("hello", #"{"env":{"A":"B"}}"#).status == 200)
        let version = try daemon.request("GET", "/v1/functions/hello/versions/3")
        #expect(try RunningDaemon.json(version)["signedBy"] as? String == "release")
        let entries = try RunningDaemon.json(daemon.request("GET", "/v1/audit"))["entries"]
        let details = (entries as? [[String: Any]])?.map { $0["detail"] as? [String: Any] }
        #expect(details?.last??["signedBy"] as? String == "release")
    }

    @Test func `where none is required, a wrong one is refused all the same`() throws {
        let daemon = try daemon(isRequired: false)
        try expectProblem(
            deploy(daemon, module, [other.signature(of: Data(module))]),
            403,
            "untrusted-signature"
        )
        let plain = try deploy(daemon, module, [])
        #expect(plain.status == 201)
        #expect(try RunningDaemon.json(plain)["signedBy"] is NSNull)
    }
}
