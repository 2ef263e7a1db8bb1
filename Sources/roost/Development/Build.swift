import Foundation
import Linux
import Synchronization

/// One run of a build: what is to be deployed, or the compiler's messages.
///
/// Another thread may end it.
final class Build: Sendable {
    private let project: Project
    private let toolchain: Toolchain
    private let running = Mutex<Subprocess?>(nil)

    /// The most that is shown of what a compiler prints, in bytes.
    private static let messageBytesMax = 256 << 10

    init(_ project: Project, toolchain: Toolchain = Toolchain()) {
        self.project = project
        self.toolchain = toolchain
    }

    /// Builds, and answers the path of the module or script.
    ///
    /// What compilers print goes to standard error when they are done. Blocks.
    func run(_ bar: ProgressBar) throws -> String {
        let plan = try project.plan(toolchain)
        var printed = ""
        for step in plan.steps {
            bar.showBusy("building \(project.name) with \(plan.tool)")
            printed = try run(step, of: plan, bar)
        }
        return try result(plan.product, printed)
    }

    /// Ends the program that runs, if any does.
    func stop() {
        running.withLock { $0?.terminate() }
    }

    /// Runs a program, and answers what it printed to standard output.
    private func run(
        _ step: BuildPlan.Step,
        of plan: BuildPlan,
        _ bar: ProgressBar
    ) throws -> String {
        defer { bar.clear() }
        let output = try MemoryFile(name: "output", contents: [])
        let errors = try MemoryFile(name: "errors", contents: [])
        let process: Subprocess
        do throws(SystemError) {
            process = try Subprocess(
                executable: step.program,
                arguments: step.arguments,
                environment: toolchain.variables(setting: step.environment),
                folder: project.folder,
                output: output.descriptor,
                errors: errors.descriptor
            )
        } catch {
            throw Failure(
                code: .badData,
                message: "\(project.name) was not built: \(plan.tool) cannot be started: \(error)"
            )
        }
        running.withLock { $0 = process }
        let termination = process.wait()
        running.withLock { $0 = nil }
        let printed = try output.contents(limit: 64 << 20) ?? []
        let complaints = try errors.contents(limit: 64 << 20) ?? []
        bar.clear()
        // What Cargo prints there is for programs.
        show(complaints + (plan.product == .cargoArtifact ? [] : printed))
        guard termination == .exited(0) else {
            let ending =
                switch termination {
                case .exited(let code): "ended with code \(code)"
                default: "was ended"
                }
            throw Failure(
                code: .badData,
                message: "\(project.name) was not built: \(plan.tool) \(ending)"
            )
        }
        return String(decoding: printed, as: UTF8.self)
    }

    /// Prints what a compiler said.
    private func show(_ messages: [UInt8]) {
        guard !messages.isEmpty else { return }
        let text = String(decoding: messages.prefix(Self.messageBytesMax), as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var shown = lines.map { printable(String($0)) }.joined(separator: "\n")
        if !shown.hasSuffix("\n") { shown += "\n" }
        if messages.count > Self.messageBytesMax { shown += "…\n" }
        Output.writeError(shown)
    }

    private func result(_ product: BuildPlan.Product, _ printed: String) throws -> String {
        switch product {
        case .file(let name):
            return project.path(of: name)
        case .cargoArtifact:
            let module = project.path(of: project.moduleName)
            try Data(contentsOf: URL(filePath: cargoArtifact(printed)))
                .write(to: URL(filePath: module), options: .atomic)
            return module
        case .module:
            return try module()
        }
    }

    /// The program among what Cargo made, which it names line by line in JSON.
    private func cargoArtifact(_ printed: String) throws -> String {
        let programs = printed.split(separator: "\n").compactMap { line -> String? in
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8))
            return (object as? [String: Any])?["executable"] as? String
        }.filter { $0.hasSuffix(".wasm") }
        guard let program = programs.first else {
            throw Failure(
                code: .badData,
                message: "Cargo made no program: is there a src/main.rs?"
            )
        }
        guard programs.count == 1 else {
            let names = programs.map { URL(filePath: $0).lastPathComponent }
            throw Failure(
                code: .badData,
                message: "Cargo made several programs: \(names.joined(separator: ", "))"
            )
        }
        return program
    }

    /// The module of the function's name, else the only one in the folder.
    private func module() throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: project.folder)
        let modules = names.filter { $0.hasSuffix(".wasm") }.sorted()
        let own = project.moduleName
        guard let module = modules.contains(own) ? own : modules.first else {
            throw Failure(
                code: .badData,
                message:
                    "the script '\(Project.scriptName)' left no .wasm file in \(project.folder)"
            )
        }
        guard module == own || modules.count == 1 else {
            throw Failure(
                code: .badData,
                message:
                    "\(project.folder) has several modules, \(modules.joined(separator: ", ")): "
                    + "name one \(own)"
            )
        }
        return project.path(of: module)
    }
}
