import Testing

/// The tree as it is keeps the rules.
struct ArchitectureTests {
    private let tree = Tree()

    /// Every Swift file below a folder, path and text.
    private func swiftFiles(below folder: String) throws -> [(path: String, text: String)] {
        let paths = tree.files(below: folder, extensions: ["swift"])
        try #require(!paths.isEmpty, "no Swift files below \(folder)")
        return try paths.map { ($0, try #require(tree.text(of: $0))) }
    }

    private func expectNone(_ complaints: [String]) {
        #expect(complaints.isEmpty, "\n\(complaints.joined(separator: "\n"))")
    }

    @Test func `every import stands in the table`() throws {
        expectNone(try swiftFiles(below: "Sources").flatMap(Violations.imports))
    }

    @Test func `every folder of sources has a row in the table of imports`() {
        let targets = tree.entries(of: "Sources")
        #expect(!targets.isEmpty)
        expectNone(targets.filter { Rules.imports[$0] == nil })
    }

    @Test func `the engine, HTTP and the store cannot reach one another`() {
        for target in Rules.strangers {
            let reached = Violations.reachable(from: target, in: Rules.imports)
            #expect(reached.isDisjoint(with: Rules.strangers), "\(target) reaches \(reached)")
        }
    }

    @Test func `no target imports itself through others`() {
        for target in Rules.imports.keys {
            #expect(!Violations.reachable(from: target, in: Rules.imports).contains(target))
        }
    }

    @Test func `unsafe code stays in its places`() throws {
        expectNone(try swiftFiles(below: "Sources").flatMap(Violations.unsafety))
    }

    @Test func `files are short or generated`() throws {
        let files = try swiftFiles(below: "Sources") + swiftFiles(below: "Tests")
        expectNone(files.flatMap(Violations.length))
    }

    @Test func `no unfinished work is left behind`() {
        let extensions: Set = ["swift", "h", "c", "zig", "rs", "go", "md", "sh", "json", ""]
        let files = ["Sources", "Tests", "functions", "scripts", "docs", "config"]
            .flatMap { tree.files(below: $0, extensions: extensions) }
        #expect(!files.isEmpty)
        expectNone(files.flatMap { Violations.unfinished(path: $0, text: tree.text(of: $0) ?? "") })
    }

    @Test func `files are named for what they hold`() throws {
        let files = try swiftFiles(below: "Sources") + swiftFiles(below: "Tests")
        expectNone(files.flatMap { Violations.name(path: $0.path) })
    }

    @Test func `no forbidden package is resolved`() throws {
        let manifest = try #require(tree.text(of: "Package.swift"))
        expectNone(Violations.packages(path: "Package.swift", text: manifest))
        // The resolved versions are not committed: they are there once a build has run.
        let resolved = tree.text(of: "Package.resolved") ?? ""
        expectNone(Violations.packages(path: "Package.resolved", text: resolved))
    }

    @Test func `the top of the tree has only known entries`() {
        expectNone(Violations.topLevel(entries: tree.entries(of: "")))
    }

    @Test func `every folder of tests is named for a target`() {
        expectNone(Violations.testFolders(entries: tree.entries(of: "Tests")))
    }
}
