import Foundation
import Store
import Testing

/// What becomes of a data folder whose files are damaged.
struct DamageTests {
    /// A folder with functions, closed in good order; or as a crash leaves it, with everything in the log.
    private func makeFolder(crashed: Bool = false) throws -> TemporaryFolder {
        let temporary = TemporaryFolder()
        let store = try DeploymentStore(folder: temporary.open())
        for index in 0..<Self.functionCount {
            for version in 0..<2 {
                _ = try store.deploy(
                    name: "f\(index)",
                    module: Self.module(index, version),
                    configuration: Data(#"{"env":{"A":"\#(index)"}}"#.utf8),
                    guestInterface: "wasi-command"
                )
            }
            _ = try store.setAlias(function: "f\(index)", alias: "stable", version: 1)
        }
        try Data("token\n".utf8).write(to: URL(filePath: temporary.file("token")))
        guard crashed else {
            store.close()
            return temporary
        }
        let copy = try Self.copy(temporary)
        store.close()
        return copy
    }

    private static let functionCount = 12

    private static func module(_ index: Int, _ version: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(index * 2 + version + 1), count: 3_000 + index * 1_500)
    }

    private static func copy(_ folder: TemporaryFolder) throws -> TemporaryFolder {
        let copy = TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: copy.path,
            withIntermediateDirectories: true
        )
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where !name.hasSuffix("-shm") && name != "roost.lock" {
            try FileManager.default.copyItem(atPath: folder.file(name), toPath: copy.file(name))
        }
        return copy
    }

    /// What a store can still tell, after it has been opened.
    private struct Rest {
        var notes: [String]
        var functions: [FunctionRecord] = []
        /// Modules of versions that can be read.
        var sound = 0
        var damaged = 0
    }

    /// Opens a folder, reads all there is, and makes sure that it works from now on.
    private func open(_ folder: TemporaryFolder) throws -> Rest {
        let store = try DeploymentStore(folder: folder.open())
        var rest = Rest(notes: store.recoveryNotes)
        rest.functions = try store.functions(limit: 100)
        for function in rest.functions {
            for version in try store.versions(of: function.name, limit: 10) {
                do {
                    let bytes = try store.moduleBytes(digest: version.digest)
                    #expect(bytes.map { ModuleDigest(of: $0) } == version.digest)
                    rest.sound += 1
                } catch {
                    rest.damaged += 1
                }
            }
        }
        return rest
    }

    private func openTwice(_ folder: TemporaryFolder) throws -> Rest {
        let rest = try open(folder)
        let store = try DeploymentStore(folder: folder.open())
        #expect(store.recoveryNotes.isEmpty, "it was sound after it had been mended once")
        let outcome = try store.deploy(name: "new", module: [1, 2, 3], guestInterface: "x")
        #expect(try store.moduleBytes(digest: outcome.version.digest) == [1, 2, 3])
        store.close()
        return rest
    }

    private func change(_ path: String, _ body: (inout Data) -> Void) throws {
        var data = try Data(contentsOf: URL(filePath: path))
        body(&data)
        try data.write(to: URL(filePath: path))
    }

    private func brokenFiles(_ folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.contains(".broken-") }
    }

    // MARK: - Whole files

    @Test func `a sound folder needs nothing`() throws {
        for crashed in [false, true] {
            let rest = try openTwice(makeFolder(crashed: crashed))
            #expect(rest.notes.isEmpty)
            #expect(rest.functions.count == Self.functionCount && rest.sound == 24)
        }
    }

    @Test func `altered and lost files are told, and the same folder mends them`() throws {
        let temporary = TemporaryFolder()
        let store = try DeploymentStore(folder: temporary.open())
        let files = [StoredFile(path: "a.txt", bytes: Array("abc".utf8))]
        var code = StoredCode(module: [1, 2, 3])
        code.files = files
        func deploy() throws -> VersionRecord {
            try store.deploy(name: "f", code: code, guestInterface: "wasi-command").version
        }
        let bundle = try #require(try deploy().bundle)
        #expect(try store.files(ofBundle: bundle)?.map(\.bytes) == files.map(\.bytes))
        for damage in ["UPDATE file SET bytes = x'00'", "DELETE FROM bundleFile"] {
            _ = try store.file.executeOnWriter(damage)
            #expect(throws: StoreError.alteredFiles(bundle)) {
                try store.files(ofBundle: bundle)
            }
            #expect(try deploy().number == 1)
            #expect(try store.files(ofBundle: bundle)?.map(\.bytes) == files.map(\.bytes))
        }
    }

    @Test func `a new folder needs nothing`() throws {
        let folder = TemporaryFolder()
        let data = try folder.open()
        _ = try data.token()
        #expect(try DeploymentStore(folder: data).recoveryNotes.isEmpty)
    }

    @Test(arguments: ["missing", "empty", "text", "folder", "one byte"])
    func `a database that is none is told of, and a new one made`(_ kind: String) throws {
        let folder = try makeFolder()
        let path = folder.file("control.db")
        try FileManager.default.removeItem(atPath: path)
        switch kind {
        case "empty": try Data().write(to: URL(filePath: path))
        case "text": try Data("not a database\n".utf8).write(to: URL(filePath: path))
        case "one byte": try Data([0x53]).write(to: URL(filePath: path))
        case "folder":
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: false
            )
            try Data("x".utf8).write(to: URL(filePath: path + "/file"))
        default: break
        }
        let rest = try openTwice(folder)
        #expect(rest.functions.isEmpty)
        #expect(!rest.notes.isEmpty)
        #expect(try brokenFiles(folder).count == (["missing", "empty"].contains(kind) ? 0 : 1))
    }

    @Test func `a log without its database is kept, not deleted`() throws {
        for isEmpty in [false, true] {
            let folder = try makeFolder(crashed: true)
            let log = try Data(contentsOf: URL(filePath: folder.file("control.db-wal")))
            try FileManager.default.removeItem(atPath: folder.file("control.db"))
            if isEmpty { try Data().write(to: URL(filePath: folder.file("control.db"))) }
            #expect(try !openTwice(folder).notes.isEmpty)
            let kept = try #require(brokenFiles(folder).first { $0.hasSuffix("-wal") })
            #expect(try Data(contentsOf: URL(filePath: folder.file(kept))) == log)
        }
    }

    @Test func `a log that is gone, cut or scribbled on costs what was in it`() throws {
        let folder = try makeFolder(crashed: true)
        let size = try Data(contentsOf: URL(filePath: folder.file("control.db-wal"))).count
        for cut in [0, 1, 31, 32, 100, size / 3, size - 1] {
            let copy = try Self.copy(folder)
            try change(copy.file("control.db-wal")) { $0 = $0.prefix(cut) }
            _ = try openTwice(copy)
        }
        let without = try Self.copy(folder)
        try FileManager.default.removeItem(atPath: without.file("control.db-wal"))
        _ = try openTwice(without)
        let scribbled = try Self.copy(folder)
        try change(scribbled.file("control.db-wal")) { data in
            data.replaceSubrange(1_000..<2_000, with: Data(repeating: 0xff, count: 1_000))
        }
        _ = try openTwice(scribbled)
        let obstructed = try makeFolder()
        for suffix in ["-wal", "-shm"] {
            try FileManager.default.createDirectory(
                atPath: obstructed.file("control.db" + suffix),
                withIntermediateDirectories: false
            )
        }
        #expect(try openTwice(obstructed).sound == 24)
    }

    @Test func `a file that may not be written can be written again`() throws {
        let folder = try makeFolder()
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o400],
            ofItemAtPath: folder.file("control.db")
        )
        #expect(try openTwice(folder).sound == 24)
    }

    @Test func `a database of a later version is left alone`() throws {
        let folder = try makeFolder()
        do {
            let store = try DeploymentStore(folder: folder.open())
            _ = try store.file.executeOnWriter(
                "INSERT INTO grdb_migrations VALUES ('from the future')"
            )
            store.close()
        }
        #expect(throws: StoreError.newerSchema(path: folder.file("control.db"))) {
            try DeploymentStore(folder: folder.open())
        }
        #expect(try brokenFiles(folder).isEmpty)
    }

    // MARK: - Parts of files

    @Test func `a database that was cut off keeps what can be read`() throws {
        let folder = try makeFolder()
        let size = try Data(contentsOf: URL(filePath: folder.file("control.db"))).count
        for cut in [
            99, 100, 4_095, 4_096, 8_192, size / 4, size / 2, size * 3 / 4, size - 4_096, size - 1,
        ] {
            let copy = try Self.copy(folder)
            try change(copy.file("control.db")) { $0 = $0.prefix(cut) }
            let rest = try openTwice(copy)
            #expect(!rest.notes.isEmpty || rest.damaged > 0, "cut at \(cut)")
            // Modules take the most of it, and those of the rest are named.
            if cut >= size / 2 {
                #expect(rest.functions.count == Self.functionCount, "cut at \(cut)")
                #expect(rest.sound > 0, "cut at \(cut)")
            }
        }
    }

    @Test func `any page may be zeroed: the store opens, and most survives`() throws {
        let folder = try makeFolder()
        let size = try Data(contentsOf: URL(filePath: folder.file("control.db"))).count
        var survivors = 0
        let pages = 0..<(size / 4_096)
        for page in pages {
            let copy = try Self.copy(folder)
            try change(copy.file("control.db")) { data in
                let range = (page * 4_096)..<((page + 1) * 4_096)
                data.replaceSubrange(range, with: Data(count: 4_096))
            }
            let rest = try openTwice(copy)
            if rest.functions.count == Self.functionCount { survivors += 1 }
        }
        // Most pages are those of modules.
        #expect(survivors * 10 > pages.count * 8, "\(survivors) of \(pages.count)")
    }

    @Test func `any bit may be flipped: the store opens`() throws {
        let folder = try makeFolder()
        let original = try Data(contentsOf: URL(filePath: folder.file("control.db")))
        var state: UInt64 = 1
        for _ in 0..<150 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let place = Int(state >> 33) % original.count
            let copy = try Self.copy(folder)
            try change(copy.file("control.db")) { $0[place] ^= UInt8(1 << (state >> 20 & 7)) }
            let rest = try openTwice(copy)
            // Nothing that is read is other than what was stored, or it is said to be damaged.
            #expect(rest.sound + rest.damaged >= 0)
        }
    }

    @Test func `an altered module is refused, and mended by the same module`() throws {
        let folder = try makeFolder()
        try change(folder.file("control.db")) { data in
            let place = data.range(of: Data(Self.module(7, 0).prefix(200)))
            data[(place?.lowerBound ?? 0) + 100] ^= 4
        }
        let store = try DeploymentStore(folder: folder.open())
        #expect(store.recoveryNotes.isEmpty)
        let digest = ModuleDigest(of: Self.module(7, 0))
        #expect(throws: StoreError.alteredModule(digest)) { try store.moduleBytes(digest: digest) }
        #expect(try store.versions(using: digest).map(\.function) == ["f7"])
        _ = try store.deploy(name: "f7", module: Self.module(7, 0), guestInterface: "wasi-command")
        #expect(try store.moduleBytes(digest: digest) == Self.module(7, 0))
    }

    @Test func `rows that others refer to are named when they are lost`() throws {
        let folder = try makeFolder()
        do {
            let store = try DeploymentStore(folder: folder.open())
            for sql in [
                "PRAGMA foreign_keys = OFF",
                "DELETE FROM module WHERE digest = '\(ModuleDigest(of: Self.module(0, 1)).hexadecimal)'",
                "DELETE FROM version WHERE function = 'f1' AND number = 2",
                "DELETE FROM function WHERE name = 'f2'",
            ] { _ = try store.file.executeOnWriter(sql) }
            store.close()
        }
        let rest = try openTwice(folder)
        #expect(rest.notes.count == 3)
        #expect(rest.functions.count == Self.functionCount)
        #expect(rest.damaged == 2 && rest.sound == 22)
        let store = try DeploymentStore(folder: folder.open())
        #expect(try store.function(named: "f1")?.liveVersion == 2)
        #expect(try store.function(named: "f2")?.latestVersion == 2)
    }

    @Test func `a crash in the middle of a salvage loses nothing`() throws {
        // Before the damaged file was moved: it is read again.
        let early = try makeFolder()
        try Data("half".utf8).write(to: URL(filePath: early.file("control.db.salvage")))
        #expect(try openTwice(early).sound == 24)
        // After it was moved: what was salvaged is complete.
        let late = try makeFolder()
        try FileManager.default.moveItem(
            atPath: late.file("control.db"),
            toPath: late.file("control.db.salvage")
        )
        let rest = try openTwice(late)
        #expect(rest.sound == 24 && rest.notes.count == 1)
    }

    // MARK: - The log

    @Test(arguments: ["missing", "empty", "text", "cut", "zeroed", "newer"])
    func `a damaged log.db stops nothing`(_ kind: String) throws {
        let folder = TemporaryFolder()
        let path = folder.file("log.db")
        let record = InvocationRecord(
            id: "one",
            function: "hello",
            version: 1,
            startedAt: .now(),
            lines: [LogLine(sequence: 0, atMicroseconds: 0, stream: .stderr, text: "line")]
        )
        do {
            let store = try InvocationStore(folder: folder.open()) { _ in }
            let ring = store.makeRing()
            for _ in 0..<200 { _ = ring.append(record) }
            store.flush()
            if kind == "newer" {
                _ = try store.file?.executeOnWriter("INSERT INTO grdb_migrations VALUES ('later')")
            }
            store.close()
        }
        switch kind {
        case "missing": try FileManager.default.removeItem(atPath: path)
        case "empty": try Data().write(to: URL(filePath: path))
        case "text": try Data("nothing of the kind".utf8).write(to: URL(filePath: path))
        case "cut": try change(path) { $0 = $0.prefix($0.count / 2) }
        case "zeroed":
            try change(path) {
                $0.replaceSubrange(4_096..<$0.count, with: Data(count: $0.count - 4_096))
            }
        default: break
        }
        let store = try InvocationStore(folder: folder.open()) { _ in }
        let ring = store.makeRing()
        // The first batch may be what finds the damage.
        for _ in 0..<2 {
            _ = ring.append(record)
            store.flush()
        }
        #expect(store.statistics().stored >= 1)
        #expect(try store.invocation(id: "one")?.lines.first?.text == "line")
        store.close()
    }
}
