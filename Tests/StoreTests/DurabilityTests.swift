import Foundation
import Store
import Testing

struct DurabilityTests {
    private let temporary = TemporaryFolder()

    /// The files as a crash at this moment would leave them, in a folder of their own.
    private func copyOfFiles() throws -> TemporaryFolder {
        let copy = TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: copy.path,
            withIntermediateDirectories: true
        )
        for name in try FileManager.default.contentsOfDirectory(atPath: temporary.path)
        where !name.hasSuffix("-shm") && name != "roost.lock" {
            try FileManager.default.copyItem(
                atPath: temporary.file(name),
                toPath: copy.file(name)
            )
        }
        return copy
    }

    @Test func `every acknowledged deployment outlives a crash`() throws {
        let store = try DeploymentStore(folder: temporary.open())
        for number in 1...20 {
            let module = [UInt8](repeating: UInt8(number), count: 10_000)
            _ = try store.deploy(name: "hello", module: module, guestInterface: "wasi-command")
            guard number % 5 == 0 else { continue }

            let copy = try copyOfFiles()
            let reopened = try DeploymentStore(folder: copy.open())
            let version = try #require(try reopened.version(of: "hello", number: number))
            #expect(try reopened.moduleBytes(digest: version.digest) == module)
            #expect(try reopened.function(named: "hello")?.liveVersion == number)
            #expect(try reopened.file.executeOnWriter("PRAGMA integrity_check") == "ok")
        }
    }

    @Test func `deployments are there after closing and opening`() throws {
        do {
            let store = try DeploymentStore(folder: temporary.open())
            _ = try store.deploy(name: "hello", module: [1], guestInterface: "wasi-command")
            store.close()
        }
        let store = try DeploymentStore(folder: temporary.open())
        #expect(try store.function(named: "hello")?.liveVersion == 1)
    }

    @Test func `a data folder has one user at a time`() throws {
        let folder = try temporary.open()
        #expect(throws: StoreError.dataFolderInUse(path: temporary.path)) {
            try DataFolder(path: temporary.path)
        }
        withExtendedLifetime(folder) {}
    }

    @Test func `a data folder is private and so is its token`() throws {
        try FileManager.default.createDirectory(
            atPath: temporary.path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755]
        )
        let folder = try temporary.open()
        let token = try folder.token()
        #expect(token.count == 64)
        #expect(token.allSatisfy { $0.isHexDigit })
        #expect(try folder.token() == token)
        let permissions = { (path: String) in
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try permissions(folder.path) == 0o700)
        #expect(try permissions(folder.path(of: "token")) == 0o600)
    }

    @Test func `a token file without a token is an error`() throws {
        let folder = try temporary.open()
        try Data("\n".utf8).write(to: URL(fileURLWithPath: folder.path(of: "token")))
        #expect(throws: StoreError.self) { try folder.token() }
    }
}
