import Foundation
import Store
import Testing

/// Functions as files, and back.
struct ExportTests {
    private let temporary = TemporaryFolder()
    private let other = TemporaryFolder()

    private func makeStore(_ folder: TemporaryFolder) throws -> DeploymentStore {
        try DeploymentStore(folder: folder.open())
    }

    private static let module = [UInt8](repeating: 7, count: 20_000)

    /// A store with two functions, one of them with everything that a function can have.
    private func makeExample() throws -> DeploymentStore {
        let store = try makeStore(temporary)
        for index in 0..<3 {
            _ = try store.deploy(
                name: "hello",
                module: Self.module + [UInt8(index)],
                configuration: Data(#"{"env":{"N":"\#(index)"}}"#.utf8),
                guestInterface: "wasi-command"
            )
        }
        _ = try store.setAlias(function: "hello", alias: "stable", version: 1, weights: [2: 0.5])
        try store.saveBenchmark(function: "hello", version: 3, result: Data("{}".utf8))
        // The same module twice.
        _ = try store.deploy(
            name: "other",
            module: Self.module + [0],
            guestInterface: "wasi-command"
        )
        _ = try store.deploy(name: "gone", module: [1], guestInterface: "wasi-command")
        _ = try store.delete(name: "gone")
        return store
    }

    private func export(_ store: DeploymentStore, _ names: [String]? = nil) throws -> String {
        let path = temporary.file("export-\(UUID().uuidString)")
        let writer = try ExportWriter(path: path)
        _ = try writer.add(from: store, functions: names, withSecrets: false)
        try writer.finish()
        return path
    }

    private func `import`(
        _ path: String,
        into store: DeploymentStore,
        _ existing: ExistingFunctions = .refuse,
        isTrial: Bool = false
    ) throws -> [ImportedFunction] {
        let copy = temporary.file("import-\(UUID().uuidString)")
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let file = try ImportFile(path: copy)
        return try store.importFunctions(
            try file.functionNames(),
            from: file,
            existing: existing,
            isTrial: isTrial
        )
    }

    // MARK: - What is exported

    @Test func `every table of control.db is on the list of what is exported`() throws {
        #expect(try TableTransfer.disagreements() == [])
    }

    @Test func `what is exported is imported as it was`() throws {
        let source = try makeExample()
        let path = try export(source)
        let target = try makeStore(other)
        let trial = try `import`(path, into: target, isTrial: true)
        #expect(try target.functions(limit: 10).isEmpty)
        let imported = try `import`(path, into: target)
        #expect(imported == trial)
        #expect(imported.map(\.name) == ["hello", "other"])
        #expect(imported.allSatisfy { $0.outcome == .created && $0.versionOffset == 0 })
        for name in ["hello", "other"] {
            #expect(try target.function(named: name) == source.function(named: name))
            let versions = try target.versions(of: name, limit: 10)
            #expect(try versions == source.versions(of: name, limit: 10))
            for version in versions {
                #expect(try target.moduleBytes(digest: version.digest)?.count == 20_001)
            }
        }
        #expect(try target.benchmarks(function: "hello", version: 3).count == 1)
        #expect(try target.moduleDigests().count == 3)
        #expect(try target.file.executeOnWriter("PRAGMA integrity_check") == "ok")
        #expect(
            try target.file.executeOnWriter("SELECT count(*) FROM pragma_foreign_key_check") == "0"
        )
        // Again: nothing to do.
        #expect(try `import`(path, into: target).map(\.outcome) == [.unchanged, .unchanged])
    }

    @Test func `single functions can be exported`() throws {
        let source = try makeExample()
        let target = try makeStore(other)
        #expect(try `import`(export(source, ["other"]), into: target).map(\.name) == ["other"])
        #expect(try target.moduleDigests().count == 1)
        #expect(throws: StoreError.noSuchFunction("gone")) {
            try export(source, ["other", "gone"])
        }
    }

    @Test func `a damaged module is not exported`() throws {
        let source = try makeExample()
        _ = try source.file.executeOnWriter("UPDATE module SET bytes = x'00' WHERE rowid = 1")
        #expect(throws: StoreError.self) { try export(source) }
    }

    // MARK: - Functions that exist

    @Test func `nothing is imported when another function of a name exists`() throws {
        let path = try export(makeExample())
        let target = try makeStore(other)
        _ = try target.deploy(name: "other", module: [5], guestInterface: "wasi-command")
        #expect(throws: StoreError.functionsExist(["other"])) { try `import`(path, into: target) }
        #expect(try target.function(named: "hello") == nil)
        let skipped = try `import`(path, into: target, .skip)
        #expect(skipped.map(\.outcome) == [.created, .skipped])
        #expect(try target.function(named: "other")?.latestVersion == 1)
    }

    @Test func `version numbers and revisions of a name never repeat`() throws {
        let path = try export(makeExample())
        let target = try makeStore(other)
        for index in 0..<4 {
            _ = try target.deploy(name: "hello", module: [UInt8(index)], guestInterface: "x")
        }
        let before = try #require(try target.function(named: "hello"))
        let replaced = try `import`(path, into: target, .replace)
        #expect(replaced.first?.outcome == .replaced && replaced.first?.versionOffset == 4)
        let after = try #require(try target.function(named: "hello"))
        #expect(after.revision > before.revision)
        #expect(after.liveVersion == 7 && after.latestVersion == 7)
        #expect(after.aliases.last?.version == 5 && after.aliases.last?.weights == [6: 0.5])
        #expect(try target.versions(of: "hello", limit: 10).map(\.number) == [7, 6, 5])
        #expect(try target.benchmarks(function: "hello", version: 7).count == 1)
        // The modules of the old one are gone.
        #expect(try target.moduleDigests().count == 3)
        // Nor after it was deleted.
        _ = try target.delete(name: "hello")
        let created = try `import`(path, into: target)
        #expect(created.first?.outcome == .created && created.first?.versionOffset == 7)
        #expect(try target.function(named: "hello")?.liveVersion == 10)
    }

    // MARK: - Secrets

    private func deploySealed(_ store: DeploymentStore, _ value: String) throws {
        _ = try store.deploy(
            name: "shop",
            module: Array(value.utf8.reversed()),
            secrets: .chosen(
                [],
                adding: NewSecret(
                    name: "KEY",
                    sealed: SealedSecret(keyIdentifier: "k", bytes: Data(value.utf8))
                )
            ),
            guestInterface: "wasi-command"
        )
    }

    private func sealed(_ store: DeploymentStore, version: Int) throws -> [Data] {
        try store.secrets(of: "shop", version: version).map(\.sealed.bytes)
    }

    @Test func `secrets go along sealed if they are asked for, and else stay as they are`() throws {
        let source = try makeStore(temporary)
        try deploySealed(source, "from the source, long enough to be sealed")
        let path = temporary.file("with-secrets")
        let writer = try ExportWriter(path: path)
        _ = try writer.add(from: source, functions: nil, withSecrets: true)
        try writer.finish()
        let bare = try export(source)
        let octets = try Data(contentsOf: URL(filePath: bare))
        #expect(octets.range(of: Data("from the source".utf8)) == nil)

        let target = try makeStore(other)
        // Ids that are taken already.
        for index in 0..<3 { try deploySealed(target, "of the target, \(index), sealed as well") }
        _ = try `import`(bare, into: target, .replace)
        #expect(try target.function(named: "shop")?.liveVersion == 4)
        #expect(try sealed(target, version: 4) == [Data("of the target, 2, sealed as well".utf8)])
        _ = try `import`(path, into: target, .replace)
        let mine = Data("from the source, long enough to be sealed".utf8)
        #expect(try sealed(target, version: 5) == [mine])
        #expect(try target.file.executeOnWriter("SELECT count(*) FROM secret") == "1")
        #expect(
            try target.file.executeOnWriter("SELECT count(*) FROM pragma_foreign_key_check") == "0"
        )
        #expect(try target.history(of: "shop", limit: 1).first?.kind == .imported)
    }

    // MARK: - Records

    @Test func `records go along, and keep their times`() throws {
        let source = try makeExample()
        let path = temporary.file("with-records")
        let started = Timestamp(microseconds: Timestamp.now().microseconds - 3_600_000_000)
        do {
            let log = try InvocationStore(folder: DataFolder(path: temporary.file("log"))) { _ in }
            let ring = log.makeRing()
            for index in 0..<1_500 {
                _ = ring.append(
                    InvocationRecord(
                        id: "id-\(index)",
                        function: "hello",
                        version: 2,
                        startedAt: started,
                        lines: [
                            LogLine(sequence: 0, atMicroseconds: 1, stream: .stdout, text: "a\0b")
                        ]
                    )
                )
            }
            log.flush()
            let writer = try ExportWriter(path: path)
            let names = try writer.add(from: source, functions: ["hello"], withSecrets: false)
            #expect(try writer.add(from: log, functions: names) == 1_500)
            try writer.finish()
            log.close()
        }
        let target = try makeStore(other)
        _ = try target.deploy(name: "hello", module: [1], guestInterface: "x")
        let log = try InvocationStore(folder: DataFolder(path: other.file("log"))) { _ in }
        let file = try ImportFile(path: path)
        #expect(try file.recordCount() == 1_500)
        let imported = try target.importFunctions(
            ["hello"],
            from: file,
            existing: .replace,
            isTrial: false
        )
        let ring = log.makeRing()
        #expect(try log.importRecords(of: imported, from: file, through: ring) == 1_500)
        #expect(try log.importRecords(of: imported, from: file, through: ring) == 0)
        let record = try #require(try log.invocation(id: "id-7"))
        #expect(record.version == 3)
        #expect(record.startedAt == started)
        #expect(record.lines.map(\.text) == ["a\0b"])
        // What comes later is newer.
        _ = ring.append(
            InvocationRecord(id: "new", function: "hello", version: 3, startedAt: .now())
        )
        log.flush()
        #expect(try log.invocations(limit: 1).records.map(\.id) == ["new"])
        log.close()
    }

    // MARK: - Hostile files

    private func refuse(
        _ reason: String,
        _ change: (String) throws -> Void
    ) throws {
        let path = try export(makeExample())
        try change(path)
        let error = #expect(throws: StoreError.self) { try ImportFile(path: path) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }

    /// Changes an export as a stranger would, who has SQLite.
    private func run(_ sql: String, on path: String) throws {
        try SchemaHistory.control.make(path, migrations: 0, rows: [:], then: sql)
    }

    @Test(
        arguments: [
            ("CREATE TRIGGER t AFTER INSERT ON version BEGIN DELETE FROM function; END", "schema"),
            ("CREATE VIEW v AS SELECT 1", "schema"),
            ("CREATE INDEX i ON version (createdAt)", "schema"),
            ("DROP TABLE benchmark", "schema"),
            ("ALTER TABLE alias ADD COLUMN x TEXT", "schema"),
            ("INSERT INTO grdb_migrations VALUES ('tomorrow')", "later version"),
            ("DELETE FROM grdb_migrations", "schema"),
            (
                "DROP TABLE grdb_migrations; CREATE VIEW grdb_migrations AS SELECT 'x' AS identifier",
                "schema"
            ),
            ("PRAGMA application_id = 5", "not an export"),
            ("PRAGMA user_version = 9", "format is 9"),
            ("PRAGMA journal_mode = WAL", "WAL"),
            ("PRAGMA foreign_keys = OFF; DELETE FROM module", "refers to one of module"),
            ("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 2", "malformed"),
            ("UPDATE function SET revision = 9223372036854775807", "out of range"),
            ("UPDATE function SET latestVersion = 1 WHERE name = 'hello'", "out of range"),
        ]
    )
    func `what is not an export to the letter is refused`(_ sql: String, _ reason: String) throws {
        try refuse(reason) { try run(sql, on: $0) }
    }

    @Test func `a file that is cut or empty is refused`() throws {
        for size in [0, 1, 99, 100, 5_000] {
            try refuse("it ") { path in
                let data = try Data(contentsOf: URL(filePath: path))
                try data.prefix(size).write(to: URL(filePath: path))
            }
        }
    }

    @Test func `a file with flipped bits does no harm`() throws {
        let original = try Data(contentsOf: URL(filePath: export(makeExample())))
        var state: UInt64 = 7
        for index in 0..<150 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var data = original
            data[Int(state >> 33) % data.count] ^= UInt8(1 << (state >> 20 & 7))
            let path = temporary.file("flipped-\(index)")
            try data.write(to: URL(filePath: path))
            guard let file = try? ImportFile(path: path) else { continue }
            for name in try file.functionNames() {
                for version in (try? file.versions(of: name)) ?? [] {
                    if let bytes = try? file.moduleBytes(version.digest) {
                        #expect(ModuleDigest(of: bytes) == version.digest)
                    }
                }
            }
        }
    }
}
