import Foundation
import Testing

/// The official test suite, converted to JSON: one folder for each script.
///
/// `scripts/spec` converts the suite and names the folder in `ROOST_SPEC_JSON`.
struct SpecificationSuiteTests {
    private static let folder = ProcessInfo.processInfo.environment["ROOST_SPEC_JSON"]

    @Test(.enabled(if: folder != nil, "skipped: ROOST_SPEC_JSON names no converted suite"))
    func `every command of the official suite passes`() throws {
        let folder = URL(fileURLWithPath: Self.folder ?? "", isDirectory: true)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        var total = ScriptRunner.Report()
        var unsupportedScripts: [String: Int] = [:]
        for name in names {
            let script = folder.appendingPathComponent("\(name)/\(name).json")
            guard FileManager.default.fileExists(atPath: script.path) else { continue }
            let report = try ScriptRunner(script: script).run()
            let unsupported = report.unsupported.values.reduce(0, +)
            if unsupported > 0 { unsupportedScripts[name] = unsupported }
            total.add(report)
        }
        total.failures.forEach { print("FAILED \($0)") }
        for (feature, count) in total.unsupported.sorted(by: { $0.value > $1.value }) {
            print("not run: \(count) commands that need \(feature)")
        }
        print("\(total.passed) passed, \(total.failures.count) failed")
        #expect(total.failures.isEmpty)
        #expect(total.passed > 0)
    }
}
