import Foundation
import Testing

/// The official test suite: `.wast` files in one folder.
///
/// The folder is that named by `ROOST_SPEC_SUITE`, else one beside the project, if there is one.
struct SpecificationSuiteTests {
    private static let folder: URL? = {
        if let path = ProcessInfo.processInfo.environment["ROOST_SPEC_SUITE"] {
            return URL(fileURLWithPath: path, isDirectory: true)
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let beside = root.appendingPathComponent("../shared/spec-testsuite").standardizedFileURL
        return FileManager.default.fileExists(atPath: beside.path) ? beside : nil
    }()

    @Test(.enabled(if: folder != nil, "skipped: there is no copy of the official suite"))
    func `every command of the official suite passes`() async throws {
        let folder = try #require(Self.folder)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".wast") }.sorted()
        try #require(!files.isEmpty, "no .wast files in \(folder.path)")
        var total = ScriptRunner.Report()
        try await withThrowingTaskGroup(of: ScriptRunner.Report.self) { group in
            for file in files {
                group.addTask {
                    let source = try Data(contentsOf: folder.appendingPathComponent(file))
                    let name = String(file.dropLast(".wast".count))
                    return try ScriptRunner(name: name).run([UInt8](source))
                }
            }
            for try await report in group { total.add(report) }
        }
        total.failures.sorted().forEach { print("FAILED \($0)") }
        print("\(total.passed) passed, \(total.failures.count) failed in \(files.count) files")
        #expect(total.failures.isEmpty)
        #expect(total.passed > 0)
    }
}
