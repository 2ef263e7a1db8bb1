import Foundation
import FuzzTargets
import Testing

/// Everything that fuzzers found, and what they begin with, is fed to the same functions again.
struct CorpusTests {
    /// A file of a corpus.
    struct Input: CustomTestStringConvertible, Sendable {
        let target: FuzzTarget
        let path: String

        var testDescription: String { path }
    }

    /// All files, by target.
    static let inputs: [Input] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Corpora")
        return FuzzTarget.allCases.flatMap { target in
            let path = folder.appending(path: target.rawValue).path
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            return names.sorted().map { Input(target: target, path: "\(path)/\($0)") }
        }
    }()

    @Test func `every target has a corpus`() {
        #expect(Set(Self.inputs.map(\.target)) == Set(FuzzTarget.allCases))
    }

    @Test(.timeLimit(.minutes(1)), arguments: inputs)
    func `an input is dealt with`(input: Input) throws {
        input.target.run([UInt8](try Data(contentsOf: URL(filePath: input.path))))
    }

    @Test(.timeLimit(.minutes(1)), arguments: FuzzTarget.allCases)
    func `inputs that are cut short are dealt with`(target: FuzzTarget) throws {
        let inputs = Self.inputs.filter { $0.target == target }
        for input in inputs {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: input.path)))
            // 16 lengths of each: all would take minutes.
            for part in 0..<16 { target.run([UInt8](bytes.prefix(bytes.count * part / 16))) }
        }
    }
}
