import Foundation
import Store
import Testing

struct DeploymentStoreTests {
    private let temporary = TemporaryFolder()
    private let first: [UInt8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
    private let second: [UInt8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0]

    private func makeStore() throws -> DeploymentStore {
        try DeploymentStore(folder: temporary.open())
    }

    @discardableResult
    private func deploy(
        _ store: DeploymentStore,
        _ name: String,
        _ module: [UInt8],
        activate: Bool = true,
        precondition: Precondition = .none
    ) throws -> DeploymentOutcome {
        try store.deploy(
            name: name,
            module: module,
            guestInterface: "wasi-command",
            activate: activate,
            precondition: precondition
        )
    }

    @Test func `a first deployment makes a function with a live version`() throws {
        let store = try makeStore()
        let outcome = try store.deploy(
            name: "hello",
            module: first,
            configuration: Data(#"{"env":{}}"#.utf8),
            guestInterface: "wasi-command",
            source: Data(#"{"file":"hello.wasm"}"#.utf8)
        )
        #expect(outcome.kind == .created)
        #expect(outcome.version.number == 1)
        #expect(outcome.version.digest == ModuleDigest(of: first))
        #expect(outcome.version.moduleBytes == first.count)
        #expect(outcome.version.configuration == Data(#"{"env":{}}"#.utf8))
        #expect(outcome.version.source == Data(#"{"file":"hello.wasm"}"#.utf8))
        #expect(outcome.function.liveVersion == 1)
        #expect(outcome.function.revision == 1)
        #expect(try store.function(named: "hello") == outcome.function)
        #expect(try store.version(of: "hello", number: 1) == outcome.version)
        #expect(try store.moduleBytes(digest: outcome.version.digest) == first)
    }

    @Test func `what is not there is nil`() throws {
        let store = try makeStore()
        #expect(try store.function(named: "hello") == nil)
        #expect(try store.version(of: "hello", number: 1) == nil)
        #expect(try store.moduleBytes(digest: ModuleDigest(of: first)) == nil)
        #expect(throws: StoreError.noSuchFunction("hello")) {
            try store.versions(of: "hello", limit: 10)
        }
    }

    @Test func `other bytes make a new version that keeps the configuration`() throws {
        let store = try makeStore()
        _ = try store.deploy(
            name: "hello",
            module: first,
            configuration: Data("{\"a\":1}".utf8),
            guestInterface: "wasi-command"
        )
        let outcome = try deploy(store, "hello", second)
        #expect(outcome.kind == .newVersion)
        #expect(outcome.version.number == 2)
        #expect(outcome.version.configuration == Data("{\"a\":1}".utf8))
        #expect(outcome.function.liveVersion == 2)
        #expect(try store.versions(of: "hello", limit: 10).map(\.number) == [2, 1])
        #expect(try store.versions(of: "hello", limit: 1, before: 2).map(\.number) == [1])
    }

    @Test func `the same bytes make no new version`() throws {
        let store = try makeStore()
        let made = try deploy(store, "hello", first)
        let again = try deploy(store, "hello", first)
        #expect(again.kind == .unchanged)
        #expect(again.version == made.version)
        #expect(again.function.revision == made.function.revision)
    }

    @Test func `the bytes of a latest version that is not live bring it to life`() throws {
        let store = try makeStore()
        try deploy(store, "hello", first)
        let staged = try deploy(store, "hello", second, activate: false)
        #expect(staged.function.liveVersion == 1)
        #expect(staged.function.latestVersion == 2)
        let again = try deploy(store, "hello", second)
        #expect(again.kind == .unchanged)
        #expect(again.version.number == 2)
        #expect(again.function.liveVersion == 2)
        #expect(again.function.revision == staged.function.revision + 1)
    }

    @Test func `a function that was never activated has no live version`() throws {
        let store = try makeStore()
        #expect(try deploy(store, "hello", first, activate: false).function.liveVersion == nil)
        #expect(try deploy(store, "hello", first).function.liveVersion == 1)
    }

    @Test func `two functions share the bytes of one module until both are gone`() throws {
        let store = try makeStore()
        let digest = try deploy(store, "one", first).version.digest
        try deploy(store, "two", first)
        let modules = { try store.file.executeOnWriter("SELECT count(*) FROM module") }
        #expect(try modules() == "1")
        #expect(try store.delete(name: "one"))
        #expect(try store.moduleBytes(digest: digest) == first)
        #expect(try store.delete(name: "two"))
        #expect(try store.moduleBytes(digest: digest) == nil)
        #expect(try modules() == "0")
    }

    @Test func `a changed configuration makes a version with the same module`() throws {
        let store = try makeStore()
        let made = try deploy(store, "hello", first)
        let configuration = Data(#"{"concurrency":1}"#.utf8)
        let changed = try configure(store, made.version, configuration)
        #expect(changed.kind == .newVersion)
        #expect(changed.version.number == 2)
        #expect(changed.version.digest == made.version.digest)
        #expect(changed.function.liveVersion == 2)
        let again = try configure(store, made.version, configuration)
        #expect(again.kind == .unchanged)
        let staged = try deploy(store, "hello", second, activate: false)
        let other = Data("{ }".utf8)
        let onStaged = try configure(store, staged.version, other, activate: false)
        #expect(onStaged.version.digest == ModuleDigest(of: second))
        #expect(onStaged.function.liveVersion == 2)
    }

    /// Stores a version that runs what another one runs.
    private func configure(
        _ store: DeploymentStore,
        _ version: VersionRecord,
        _ configuration: Data,
        activate: Bool = true
    ) throws -> DeploymentOutcome {
        try store.deploy(
            name: version.function,
            code: StoredCode(of: version),
            configuration: configuration,
            guestInterface: version.guestInterface,
            activate: activate
        )
    }

    @Test func `a name that is deployed again goes on counting`() throws {
        let store = try makeStore()
        try deploy(store, "hello", first)
        let last = try deploy(store, "hello", second)
        #expect(try store.delete(name: "hello"))
        #expect(try store.function(named: "hello") == nil)
        #expect(try store.functions(limit: 10).isEmpty)
        #expect(try !store.delete(name: "hello"))
        let again = try deploy(store, "hello", first, precondition: .mustNotExist)
        #expect(again.kind == .created)
        #expect(again.version.number == 3)
        #expect(again.function.revision > last.function.revision)
        #expect(again.function.createdAt > last.function.createdAt)
        #expect(try store.versions(of: "hello", limit: 10).map(\.number) == [3])
    }

    @Test(arguments: [
        (Precondition.none, true), (.mustExist, true), (.revision(1), true),
        (.latestVersion(1), true), (.mustNotExist, false), (.revision(2), false),
        (.latestVersion(2), false),
    ])
    func `a precondition decides over a change`(_ row: (Precondition, Bool)) throws {
        let (precondition, holds) = row
        let store = try makeStore()
        try deploy(store, "hello", first)
        let before = try store.function(named: "hello")
        let changes: [() throws -> Void] = [
            { try deploy(store, "hello", second, precondition: precondition) },
            {
                _ = try store.deleteAlias(
                    function: "hello",
                    alias: "live",
                    precondition: precondition
                )
            },
            {
                _ = try store.setAlias(
                    function: "hello",
                    alias: "beta",
                    version: 1,
                    precondition: precondition
                )
            },
            { _ = try store.delete(name: "hello", precondition: precondition) },
        ]
        if holds {
            let change = try #require(changes.first)
            try change()
            #expect(try store.function(named: "hello") != before)
        } else {
            for change in changes {
                #expect(throws: StoreError.preconditionFailed(currentRevision: 1)) { try change() }
            }
            #expect(try store.function(named: "hello") == before)
        }
    }

    @Test(arguments: [Precondition.mustExist, .revision(1), .latestVersion(1)])
    func `a function that does not exist fails a precondition`(_ precondition: Precondition) throws
    {
        let store = try makeStore()
        #expect(throws: StoreError.preconditionFailed(currentRevision: nil)) {
            try deploy(store, "hello", first, precondition: precondition)
        }
        #expect(try deploy(store, "hello", first, precondition: .mustNotExist).kind == .created)
    }

    @Test func `functions are listed by name in pages`() throws {
        let store = try makeStore()
        for name in ["c", "a", "b-1", "b"] { try deploy(store, name, first) }
        let page = try store.functions(limit: 3)
        #expect(page.map(\.name) == ["a", "b", "b-1"])
        #expect(page.allSatisfy { $0.liveVersion == 1 })
        #expect(try store.functions(limit: 3, after: "b-1").map(\.name) == ["c"])
    }

    @Test func `an alias points to versions that exist`() throws {
        let store = try makeStore()
        try deploy(store, "hello", first)
        try deploy(store, "hello", second)
        let function = try store.setAlias(
            function: "hello",
            alias: "live",
            version: 1,
            weights: [2: 0.05]
        )
        #expect(function.liveVersion == 1)
        #expect(function.aliases.map(\.weights) == [[2: 0.05]])
        #expect(throws: StoreError.noSuchVersion(function: "hello", version: 3)) {
            try store.setAlias(function: "hello", alias: "live", version: 3)
        }
        #expect(throws: StoreError.noSuchVersion(function: "hello", version: 4)) {
            try store.setAlias(function: "hello", alias: "live", version: 1, weights: [4: 1])
        }
        #expect(throws: StoreError.noSuchFunction("other")) {
            try store.setAlias(function: "other", alias: "live", version: 1)
        }
        #expect(try store.deleteAlias(function: "hello", alias: "live").liveVersion == nil)
        #expect(throws: StoreError.noSuchAlias(function: "hello", alias: "live")) {
            try store.deleteAlias(function: "hello", alias: "live")
        }
    }

    @Test func `benchmarks stay with their version until it is deleted`() throws {
        let store = try makeStore()
        try deploy(store, "hello", first)
        for result in ["1", "2", "3"] {
            try store.saveBenchmark(function: "hello", version: 1, result: Data(result.utf8))
        }
        let results = try store.benchmarks(function: "hello", version: 1, limit: 2).map(\.result)
        #expect(results == [Data("3".utf8), Data("2".utf8)])
        #expect(throws: StoreError.noSuchVersion(function: "hello", version: 2)) {
            try store.saveBenchmark(function: "hello", version: 2, result: Data())
        }
        #expect(try store.delete(name: "hello"))
        #expect(try store.benchmarks(function: "hello", version: 1).isEmpty)
    }

    @Test func `a connection that reads cannot write`() throws {
        let store = try makeStore()
        try deploy(store, "hello", first)
        #expect {
            try store.file.executeOnReader("DELETE FROM version")
        } throws: { error in
            guard case StoreError.database(let code, _) = error else { return false }
            return code & 0xff == 8  // SQLITE_READONLY
        }
        #expect(try store.version(of: "hello", number: 1) != nil)
    }

    @Test func `a commit waits for the disk`() throws {
        let store = try makeStore()
        #expect(try store.file.executeOnWriter("PRAGMA synchronous") == "2")
        #expect(try store.file.executeOnWriter("PRAGMA journal_mode") == "wal")
        #expect(try store.file.executeOnWriter("PRAGMA mmap_size") == "0")
    }

    @Test func `a store that is closed refuses calls`() throws {
        let store = try makeStore()
        store.close()
        #expect(throws: StoreError.self) { try deploy(store, "hello", first) }
        #expect(throws: StoreError.self) { try store.function(named: "hello") }
    }

    @Test func `readers see a whole version while others are written`() async throws {
        let store = try makeStore()
        try deploy(store, "hello", first)
        let reader = Task.detached {
            var seen = 0
            while seen < 40 {
                guard let function = try store.function(named: "hello"),
                    let live = function.liveVersion,
                    let version = try store.version(of: "hello", number: live)
                else { return false }
                let bytes = try store.moduleBytes(digest: version.digest)
                guard bytes.map(ModuleDigest.init(of:)) == version.digest else { return false }
                seen = live
            }
            return true
        }
        for number in 2...40 {
            try deploy(store, "hello", first + [UInt8(number)])
        }
        #expect(try await reader.value)
    }
}
