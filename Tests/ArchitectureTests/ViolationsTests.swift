import Testing

/// Each rule complains about what breaks it, and about nothing else.
struct ViolationsTests {
    @Test(arguments: [
        ("Sources/HTTP/A.swift", "import Wasm", 1),
        ("Sources/HTTP/A.swift", "public import Foundation", 1),
        ("Sources/Wasm/A.swift", "@preconcurrency internal import HTTP", 1),
        ("Sources/Wasm/A.swift", "import struct Foundation.URL", 1),
        ("Sources/Wasm/A.swift", "import Linux\nimport NIO", 1),
        ("Sources/Wasm/Deep/er/A.swift", "@testable import Store", 1),
        ("Sources/Unheard/A.swift", "", 1),
        ("Sources/Wasm/A.swift", "import Linux\npublic import Synchronization", 0),
        ("Sources/Wasm/A.swift", "// import HTTP\n/* import HTTP\nimport HTTP */", 0),
        ("Sources/Wasm/A.swift", "let text = \"\"\"\n  import HTTP\n  \"\"\"", 0),
        ("Sources/Wasm/A.swift", "func link(import module: Int) {}", 0),
    ])
    func `imports are checked against the table`(path: String, text: String, count: Int) {
        #expect(Violations.imports(path: path, text: text).count == count)
    }

    @Test(arguments: [
        ("Sources/HTTP/A.swift", "let a = unsafe b", 1),
        ("Sources/HTTP/A.swift", "unsafe f()", 1),
        ("Sources/HTTP/A.swift", "f(unsafe b)", 1),
        ("Sources/HTTP/A.swift", "@safe struct A {}", 1),
        ("Sources/HTTP/A.swift", "@unsafe func f() {}", 1),
        ("Sources/HTTP/A.swift", "final class A: @unchecked Sendable {}", 1),
        ("Sources/HTTP/A.swift", "nonisolated(unsafe) var a = 1", 1),
        ("Sources/HTTP/A.swift", "@_exported import B", 1),
        ("Sources/Wasm/Validation/A.swift", "unsafe f()", 1),
        ("Sources/Store/Database/RowInserter.swift", "class A: @unchecked Sendable {}", 1),
        ("Sources/Wasm/Execution/A.swift", "unsafe f()\nclass A: @unchecked Sendable {}", 0),
        ("Sources/Store/Database/RowInserter.swift", "unsafe f()", 0),
        ("Sources/HTTP/A.swift", "// unsafe\nlet unsafeMethods = \"unsafe \\\"unsafe\"", 0),
        ("Sources/HTTP/A.swift", "let a = #\"a \" unsafe\"#", 0),
    ])
    func `unsafe code is found outside its places`(path: String, text: String, count: Int) {
        #expect(Violations.unsafety(path: path, text: text).count == count)
    }

    @Test(arguments: [(600, "", 0), (601, "", 1), (601, "// Generated. DO NOT EDIT.\n", 0)])
    func `a file may have 600 lines`(lines: Int, head: String, count: Int) {
        let text = head + String(repeating: "\n", count: lines)
        #expect(Violations.length(path: "A.swift", text: text).count == count)
    }

    @Test func `marks of unfinished work are found in comments, as words`() {
        for mark in Rules.unfinishedMarks {
            #expect(Violations.unfinished(path: "A", text: "a\n// \(mark): b").count == 1)
            #expect(Violations.unfinished(path: "A", text: "\(mark)S a\(mark)").isEmpty)
        }
    }

    @Test(arguments: [
        ("Sources/HTTP/StringUtils.swift", 1), ("Sources/HTTP/Manager.swift", 1),
        ("Sources/roost/main.swift", 1), ("Sources/HTTP/CommonName.swift", 0),
    ])
    func `empty names are refused`(path: String, count: Int) {
        #expect(Violations.name(path: path).count == count)
    }

    @Test func `a forbidden package is found`() {
        let resolved = "\"identity\" : \"swift-nio\","
        #expect(Violations.packages(path: "Package.resolved", text: resolved).count == 1)
        #expect(Violations.packages(path: "Package.resolved", text: "swift-log").isEmpty)
    }

    @Test func `unknown entries at the top of the tree are found`() {
        #expect(Violations.topLevel(entries: ["Sources", "notes.txt", ".local"]).count == 1)
    }

    @Test func `a folder of tests for no target is found`() {
        #expect(
            Violations.testFolders(entries: ["HTTPTests", "RoostTests", "OldTests"]).count == 1
        )
    }

    @Test func `reachability goes through other targets`() {
        let table: [String: Set<String>] = ["A": ["B"], "B": ["C"], "C": ["A"]]
        #expect(Violations.reachable(from: "A", in: table) == ["A", "B", "C"])
    }
}
