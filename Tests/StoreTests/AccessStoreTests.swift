import Foundation
import Store
import Testing

/// Tokens and the audit trail in `control.db`.
struct AccessStoreTests {
    private let temporary = TemporaryFolder()
    private let module: [UInt8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

    private func entry(_ action: String) -> AuditEntry {
        AuditEntry(actor: "ci", action: action, requestIdentifier: "1", clientAddress: "::1")
    }

    private func token(_ name: String) -> TokenRecord {
        TokenRecord(
            name: name,
            digest: Data(name.utf8),
            scopes: ["read"],
            functions: ["*"],
            createdAt: Timestamp(microseconds: 1),
            createdBy: "admin",
            expiresAt: nil
        )
    }

    private func deploy(_ store: DeploymentStore, _ precondition: Precondition = .none) throws {
        _ = try store.deploy(
            name: "hello",
            module: module,
            guestInterface: "wasi-command",
            precondition: precondition,
            audit: entry("deploy")
        )
    }

    @Test func `a change that is undone leaves no entry`() throws {
        let store = try DeploymentStore(folder: temporary.open())
        try deploy(store)
        #expect(throws: StoreError.self) { try deploy(store, .mustNotExist) }
        #expect(throws: StoreError.self) {
            try store.setAlias(function: "hello", alias: "b", version: 9, audit: entry("alias.set"))
        }
        #expect(try store.addToken(token("a"), countMax: 1, audit: entry("add")) == .added)
        #expect(try store.addToken(token("a"), countMax: 9, audit: entry("add")) == .nameTaken)
        #expect(try store.addToken(token("b"), countMax: 1, audit: entry("add")) == .full)
        #expect(try !store.deleteToken(named: "b", audit: entry("delete")))
        #expect(try store.auditRecords(limit: 9).map(\.entry.action) == ["add", "deploy"])
        #expect(try store.tokens() == [token("a")])
    }

    @Test func `a database of before there were tokens keeps what it has`() throws {
        do {
            let store = try DeploymentStore(folder: temporary.open())
            try deploy(store)
            for sql in [
                "DROP TABLE token", "DROP TABLE audit",
                "DELETE FROM grdb_migrations WHERE identifier = 'tokens and audit'",
            ] {
                _ = try store.file.executeOnWriter(sql)
            }
            store.close()
        }
        let store = try DeploymentStore(folder: temporary.open())
        #expect(try store.function(named: "hello")?.liveVersion == 1)
        #expect(try store.auditRecords(limit: 9).isEmpty)
        try store.append(entry("bench"))
        #expect(try store.addToken(token("a"), countMax: 1, audit: nil) == .added)
        #expect(try store.auditRecords(limit: 9).map(\.entry.action) == ["bench"])
    }
}
