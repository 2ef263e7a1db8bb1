import Foundation
import Testing

@testable import Store

/// Secrets and what refers to them, in the store.
struct SecretTests {
    private let folder = TemporaryFolder()

    private func source(_ folder: DataFolder) -> SecretKeySource {
        SecretKeySource(folder: folder, keyFile: nil, credentialsDirectory: nil)
    }

    @Test func `a seal opens where it belongs, and nowhere else`() throws {
        let keyring = SecretKeyring()
        let value = SecretValue("hush")
        let sealed = try keyring.seal(value, function: "shop", name: "KEY")
        #expect(try keyring.open(sealed, function: "shop", name: "KEY") == value)
        #expect(sealed.valueByteCount == 4)
        for (function, name) in [("other", "KEY"), ("shop", "OTHER"), ("shop\0KEY", "")] {
            #expect(throws: SecretError.damaged(name: name)) {
                try keyring.open(sealed, function: function, name: name)
            }
        }
        for index in sealed.bytes.indices {
            var bytes = sealed.bytes
            bytes[index] ^= 1
            let altered = SealedSecret(keyIdentifier: sealed.keyIdentifier, bytes: bytes)
            #expect(throws: SecretError.damaged(name: "KEY")) {
                try keyring.open(altered, function: "shop", name: "KEY")
            }
        }
        #expect(throws: SecretError.self) {
            try SecretKeyring().open(sealed, function: "shop", name: "KEY")
        }
        #expect(try keyring.seal(value, function: "shop", name: "KEY") != sealed)
    }

    @Test func `a value is not printed`() {
        let value = SecretValue("hush")
        var dumped = ""
        dump(value, to: &dumped)
        for text in ["\(value)", "\([value])", String(reflecting: value), dumped] {
            #expect(!text.contains("hush"))
        }
    }

    @Test(arguments: ["", "zz", String(repeating: "a", count: 63), "not a key at all\n"])
    func `what is no key is refused`(contents: String) {
        #expect(SecretKeyring(fileContents: Data(contents.utf8)) == nil)
    }

    @Test func `a key has a text form, and raw bytes are one too`() throws {
        let keyring = SecretKeyring().addingKey()
        let read = try #require(SecretKeyring(fileContents: Data(keyring.fileContents.utf8)))
        #expect(read.keyIdentifier == keyring.keyIdentifier)
        #expect(read.keepingFirst().fileContents.count == 65)
        #expect(SecretKeyring(fileContents: Data(repeating: 200, count: 32)) != nil)
    }

    @Test func `a rotation that was cut short is completed by the next`() throws {
        let data = try DataFolder(path: folder.path)
        let store = try DeploymentStore(folder: data)
        let source = source(data)
        let keyring = try source.keyring(makingUnless: false)
        let sealed = try keyring.seal(SecretValue("hush"), function: "shop", name: "KEY")
        _ = try store.deploy(
            name: "shop",
            module: [1],
            secrets: .chosen([], adding: NewSecret(name: "KEY", sealed: sealed)),
            guestInterface: "wasi-command"
        )
        // As after a crash between the new key and the seals.
        try source.replace(with: keyring.addingKey())
        func open() throws -> SecretValue {
            let record = try #require(try store.secrets(of: "shop", version: 1).first)
            return try source.keyring().open(record.sealed, function: "shop", name: "KEY")
        }
        #expect(try open().text == "hush")
        #expect(try store.rotateSecretKey(source) == 1)
        #expect(try open().text == "hush")
        let contents = try String(contentsOfFile: source.path, encoding: .utf8)
        #expect(contents.split(separator: "\n").count == 1)
        #expect(try !source.keyring().contains(keyring.keyIdentifier))
        store.close()
    }

    @Test func `secrets go with the last version that has them`() throws {
        let store = try DeploymentStore(folder: try DataFolder(path: folder.path))
        func deploy(_ byte: UInt8, _ secrets: SecretSelection) throws -> Int {
            try store.deploy(
                name: "shop",
                module: [byte],
                secrets: secrets,
                guestInterface: "wasi-command"
            ).version.number
        }
        let sealed = SealedSecret(keyIdentifier: "k", bytes: Data([1]))
        let first = try deploy(1, .chosen([], adding: NewSecret(name: "A", sealed: sealed)))
        #expect(try deploy(2, .inherited) == first + 1)
        // The same module and the same secrets are the same version.
        #expect(try deploy(2, .inherited) == first + 1)
        #expect(try store.secrets(of: "shop", version: first + 1).map(\.name) == ["A"])
        #expect(try deploy(2, .chosen([])) == first + 2)
        #expect(try deploy(3, .inherited) == first + 3)
        let policy = CollectionPolicy(newestCount: 1, youngerThan: Timestamp(microseconds: .max))
        let collected = try store.collectVersions(of: "shop", policy, limit: 9) { _ in true }
        #expect(collected == [first, first + 1])
        #expect(try store.file.executeOnWriter("SELECT count(*) FROM secret") == "0")
        #expect(try store.file.executeOnWriter("SELECT count(*) FROM module") == "2")
        #expect(try store.delete(name: "shop"))
        #expect(try store.file.executeOnWriter("SELECT count(*) FROM module") == "0")
        store.close()
    }

    @Test func `versions in use, young ones and those of waiting calls are kept`() throws {
        let store = try DeploymentStore(folder: try DataFolder(path: folder.path))
        for byte in 1...5 {
            _ = try store.deploy(name: "shop", module: [UInt8(byte)], guestInterface: "x")
        }
        let old = CollectionPolicy(newestCount: 1, youngerThan: Timestamp(microseconds: 0))
        #expect(try store.collectVersions(of: "shop", old, limit: 9) { _ in true } == [])
        let call = AsyncCall(
            id: "c",
            function: "shop",
            version: 2,
            head: Data(),
            body: Data(),
            clientAddress: ""
        )
        try store.update(adding: [call], changing: [])
        let all = CollectionPolicy(newestCount: 1, youngerThan: Timestamp(microseconds: .max))
        #expect(try store.collectVersions(of: "shop", all, limit: 9) { $0 != 1 } == [3])
        #expect(try store.deleteAsyncCall(id: "c"))
        #expect(try store.collectVersions(of: "shop", all, limit: 1) { _ in true } == [1])
        #expect(try store.functionsToCollect(all, after: "", limit: 10).names == ["shop"])
        #expect(try store.collectVersions(of: "shop", all, limit: 1) { _ in true } == [2])
        #expect(try store.versions(of: "shop", limit: 9).map(\.number) == [5, 4])
        store.close()
    }

    @Test func `what was stored before there were secrets and history is kept`() throws {
        let data = try DataFolder(path: folder.path)
        var store = try DeploymentStore(folder: data)
        for byte in 1...2 {
            _ = try store.deploy(name: "shop", module: [UInt8(byte)], guestInterface: "x")
        }
        // The schema as it was.
        for statement in [
            "DROP TABLE history", "DROP TABLE versionSecret", "DROP TABLE secret",
            "ALTER TABLE version DROP COLUMN activatedAt", "ALTER TABLE alias DROP COLUMN sticky",
            "ALTER TABLE asyncCall DROP COLUMN version",
            "DELETE FROM grdb_migrations WHERE identifier = 'history, secrets, sticky aliases'",
        ] {
            _ = try store.file.executeOnWriter(statement)
        }
        store.close()
        store = try DeploymentStore(folder: data)
        let function = try #require(try store.function(named: "shop"))
        #expect(function.liveVersion == 2 && function.aliases.first?.sticky == nil)
        #expect(try store.secrets(of: "shop", version: 2).isEmpty)
        #expect(try store.history(of: "shop", limit: 9).isEmpty)
        #expect(try store.rollBack(function: "shop").liveVersion == 1)
        #expect(try store.history(of: "shop", limit: 9).map(\.kind) == [.rollback])
        store.close()
    }
}
