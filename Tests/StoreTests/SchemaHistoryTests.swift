import Foundation
import Store
import Testing

/// Files that earlier versions of the program have left.
struct SchemaHistoryTests {
    /// The rows that a database got from the program that knew a migration as its last: never edited, as the migration
    /// itself.
    private static let controlRows = [
        "functions, versions, modules, aliases, benchmarks": """
        INSERT INTO function VALUES ('hello', 1000, 2000, 7, 3, 0), ('gone', 1, 2, 9, 4, 1);
        INSERT INTO module VALUES
            ('039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81', 3, x'010203');
        INSERT INTO version VALUES
            ('hello', 2, '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81', 1500,
                'wasi-command', CAST('{"env":{"A":"B"}}' AS BLOB), NULL),
            ('hello', 3, '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81', 1600,
                'wasi-command', CAST('{}' AS BLOB), CAST('{"file":"x"}' AS BLOB));
        INSERT INTO alias VALUES ('hello', 'live', 3, '{"2":0.25}', 1700), ('hello', 'old', 2, '{}', 1700);
        INSERT INTO benchmark (function, version, createdAt, result)
            VALUES ('hello', 3, 1800, CAST('{"count":1}' AS BLOB));
        """,
        "asynchronous calls": """
        INSERT INTO asyncCall (id, function, head, body, clientAddress, createdAt, state, attempts, dueAt)
            VALUES ('later', 'hello', x'47', x'00', '127.0.0.1', 1900, 'waiting', 0, 1900);
        """,
    ]

    private static let logRows = [
        "invocations, log lines, gaps": """
        INSERT INTO invocation VALUES (1024000, 'one', 'hello', 3, 'live', 'http', 'GET', '/', 200, 'ok',
            'pooled', 1000, 1, 2, 3, 6, 100, 65536, 0, 5, NULL, NULL, NULL, 1, 0);
        INSERT INTO log_line VALUES (1024000, 0, 10, 'stderr', 'a line');
        """
    ]

    @Test func `every earlier control.db keeps its data`() throws {
        let migrations = SchemaHistory.control.migrations
        #expect(Set(Self.controlRows.keys).isSubset(of: migrations))
        for count in 1...migrations.count {
            let temporary = TemporaryFolder()
            let folder = try temporary.open()
            try SchemaHistory.control.make(
                folder.path(of: "control.db"),
                migrations: count,
                rows: Self.controlRows
            )
            let store = try DeploymentStore(folder: folder)
            #expect(store.recoveryNotes.isEmpty)
            let function = try #require(try store.function(named: "hello"))
            #expect(function.revision == 7 && function.latestVersion == 3)
            #expect(function.liveVersion == 3)
            #expect(function.aliases.map(\.name) == ["live", "old"])
            #expect(function.aliases.first?.weights == [2: 0.25])
            let versions = try store.versions(of: "hello", limit: 10)
            #expect(versions.map(\.number) == [3, 2])
            #expect(versions.last?.configuration == Data(#"{"env":{"A":"B"}}"#.utf8))
            #expect(versions.first?.source == Data(#"{"file":"x"}"#.utf8))
            #expect(try store.moduleBytes(digest: ModuleDigest(of: [1, 2, 3])) == [1, 2, 3])
            #expect(try store.benchmarks(function: "hello", version: 3).count == 1)
            let calls = try store.asyncCalls(limit: 10)
            let hasCalls = migrations.prefix(count).contains("asynchronous calls")
            #expect(calls.map(\.id) == (hasCalls ? ["later"] : []))
            #expect(try store.file.executeOnWriter("PRAGMA integrity_check") == "ok")
            // Numbers go on where they stopped.
            let again = try store.deploy(name: "gone", module: [9], guestInterface: "x")
            #expect(again.version.number == 5)
        }
    }

    @Test func `every earlier log.db keeps its data`() throws {
        let migrations = SchemaHistory.log.migrations
        #expect(Set(Self.logRows.keys).isSubset(of: migrations))
        for count in 1...migrations.count {
            let temporary = TemporaryFolder()
            let folder = try temporary.open()
            try SchemaHistory.log.make(
                folder.path(of: "log.db"),
                migrations: count,
                rows: Self.logRows
            )
            var limits = InvocationStore.Limits()
            // The rows are from 1970.
            limits.retentionSeconds = Int(Int32.max)
            let store = try InvocationStore(folder: folder, limits: limits) { _ in }
            // Rows of earlier schemas move into blocks soon after the start.
            var found = try store.invocation(id: "one")
            for _ in 0..<1_000 where found == nil {
                usleep(10_000)
                found = try store.invocation(id: "one")
            }
            let record = try #require(found)
            #expect(record.function == "hello" && record.lines.map(\.text) == ["a line"])
            #expect(try store.invocations().records.map(\.id) == ["one"])
            store.close()
        }
    }

    @Test func `every earlier export can be imported`() throws {
        for count in 1...SchemaHistory.control.migrations.count {
            let temporary = TemporaryFolder()
            let folder = try temporary.open()
            let path = folder.path(of: "export")
            try SchemaHistory.control.make(path, migrations: count, rows: Self.controlRows)
            try SchemaHistory.exportedRecords.make(path, migrations: 1, rows: [:], isExport: true)
            let file = try ImportFile(path: path)
            #expect(try file.functionNames() == ["hello"])
            let store = try DeploymentStore(folder: folder)
            let imported = try store.importFunctions(
                ["hello"],
                from: file,
                existing: .refuse,
                isTrial: false
            )
            #expect(imported.map(\.outcome) == [.created])
            #expect(try store.versions(of: "hello", limit: 10).map(\.number) == [3, 2])
        }
    }
}
