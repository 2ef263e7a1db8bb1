import Foundation
import Wasm

/// Runs one script of the official test suite, as converted to JSON.
final class ScriptRunner {
    /// What came of a script's commands.
    struct Report {
        var passed = 0
        var failures: [String] = []
        /// Commands that need something the engine does not have, by what they need.
        var unsupported: [String: Int] = [:]

        mutating func add(_ other: Report) {
            passed += other.passed
            failures += other.failures
            unsupported.merge(other.unsupported, uniquingKeysWith: +)
        }
    }

    private enum Verdict {
        case passed
        case failed(String)
        case unsupported(String)
    }

    private struct Unsupported: Error {
        let feature: String
    }

    private let folder: URL
    private let name: String
    private let stack: ValueStack
    private var imports: Imports
    private var current: Result<Instance, Unsupported>?
    private var named: [String: Result<Instance, Unsupported>] = [:]
    private var registered: [String: Result<Instance, Unsupported>] = [:]
    /// Instances that a module which could not be run may have imported from, and changed.
    private var exposed: Set<ObjectIdentifier> = []
    /// References do not retain: every instance is kept until the script ends.
    private var instances: [Instance] = []
    private var report = Report()

    init(script: URL) throws {
        self.folder = script.deletingLastPathComponent()
        self.name = script.deletingPathExtension().lastPathComponent
        self.stack = try ValueStack(byteCount: 1 << 19)
        self.imports = try SpecTestModule.imports()
    }

    func run() throws -> Report {
        let data = try Data(contentsOf: folder.appendingPathComponent("\(name).json"))
        let script = try JSONDecoder().decode(Script.self, from: data)
        for command in script.commands {
            switch verdict(command) {
            case .passed: report.passed += 1
            case .failed where dependsOnUnsupported(command):
                report.unsupported["a module that was not run", default: 0] += 1
            case .failed(let why): report.failures.append("\(name):\(command.line): \(why)")
            case .unsupported(let feature): report.unsupported[feature, default: 0] += 1
            }
        }
        return report
    }

    private func verdict(_ command: Script.Command) -> Verdict {
        do {
            if command.module_type == "text" {
                if command.type == "module" {
                    current = .failure(Unsupported(feature: "text format"))
                }
                throw Unsupported(feature: "text format")
            }
            switch command.type {
            case "module":
                let result = try attempt { try self.instantiate(command) }
                current = result
                if let name = command.name { named[name] = result }
                _ = try result.get()
                return .passed
            case "register":
                let result = try instance(command.name)
                registered[command.as ?? ""] = result
                imports.define(command.as ?? "", exportsOf: try result.get())
                return .passed
            case "action", "assert_return":
                return try check(command)
            case "assert_trap", "assert_exhaustion":
                return try checkTrap(command)
            case "assert_invalid", "assert_malformed":
                return try checkRefusal(command)
            case "assert_unlinkable":
                return try checkUnlinkable(command)
            case "assert_uninstantiable":
                return try checkUninstantiable(command)
            default:
                return .unsupported(command.type)
            }
        } catch let error as Unsupported {
            return .unsupported(error.feature)
        } catch {
            return .failed("\(command.type): \(error)")
        }
    }

    // MARK: - Modules

    private func attempt(
        _ body: () throws -> Instance
    ) throws -> Result<Instance, Unsupported> {
        do {
            return .success(try body())
        } catch let error as Unsupported {
            return .failure(error)
        }
    }

    /// Whether a command's outcome hangs on what a module that was not run would have done.
    private func dependsOnUnsupported(_ command: Script.Command) -> Bool {
        guard let result = try? instance(command.action?.module), let instance = try? result.get()
        else { return false }
        return exposed.contains(ObjectIdentifier(instance))
    }

    private func module(_ command: Script.Command) throws -> Module {
        let file = folder.appendingPathComponent(command.filename ?? "")
        do {
            return try Module([UInt8](try Data(contentsOf: file)))
        } catch let error as ModuleError where error.kind == .unsupported {
            for case .success(let instance) in registered.values {
                exposed.insert(ObjectIdentifier(instance))
            }
            throw Unsupported(feature: error.message)
        }
    }

    private func link(_ module: Module) throws -> LinkedModule {
        for entry in module.imports {
            if case .failure(let error)? = registered[entry.module] { throw error }
        }
        return try module.link(imports)
    }

    private func instantiate(_ command: Script.Command) throws -> Instance {
        let linked = try link(try module(command))
        var limits = InstanceLimits(memoryBytesMax: 4 << 30)
        limits.tableElementsMax = 10_000_000
        let instance = try Instance(linked, limits: limits)
        instances.append(instance)
        if let start = Execution(start: instance, stack: stack) {
            _ = try finish(start)
        }
        return instance
    }

    private func instance(_ name: String?) throws -> Result<Instance, Unsupported> {
        guard let result = name.map({ named[$0] }) ?? current else {
            throw Unsupported(feature: "module definitions")
        }
        return result
    }

    private func checkRefusal(_ command: Script.Command) throws -> Verdict {
        do {
            _ = try module(command)
        } catch is ModuleError {
            return .passed
        }
        return .failed("accepted, should be refused: \(command.text ?? "")")
    }

    private func checkUnlinkable(_ command: Script.Command) throws -> Verdict {
        let module = try module(command)
        do {
            _ = try link(module)
        } catch is LinkError {
            return .passed
        }
        return .failed("linked, should be refused: \(command.text ?? "")")
    }

    private func checkUninstantiable(_ command: Script.Command) throws -> Verdict {
        do {
            _ = try instantiate(command)
        } catch let error as InstantiationError {
            return matches(error.description, command.text)
        } catch let trap as Trap {
            return matches(trap.description, command.text)
        }
        return .failed("instantiated, should trap: \(command.text ?? "")")
    }

    private func matches(_ found: String, _ expected: String?) -> Verdict {
        let expected = expected ?? ""
        if found.hasPrefix(expected) || expected.hasPrefix(found) { return .passed }
        return .failed("expected \"\(expected)\", found \"\(found)\"")
    }

    // MARK: - Actions

    private func finish(_ execution: Execution) throws -> [Value] {
        while true {
            switch execution.resume(budget: 1 << 24) {
            case .finished(let values): return values
            case .trapped(let trap): throw trap
            case .outOfBudget: continue
            case .waiting, .exited: throw Unsupported(feature: "waiting")
            }
        }
    }

    private func perform(_ action: Script.Action?) throws -> [Value] {
        guard let action else { return [] }
        let instance = try instance(action.module).get()
        if action.type == "get" {
            guard let global = instance.global(named: action.field) else {
                throw Unsupported(feature: "get of \(action.field)")
            }
            return [global.value]
        }
        let arguments = try (action.args ?? []).map { argument in
            guard let value = argument.value(of: instance) else {
                throw Unsupported(feature: argument.type)
            }
            return value
        }
        let execution = try Execution(
            instance,
            export: action.field,
            arguments: arguments,
            stack: stack
        )
        return try finish(execution)
    }

    private func check(_ command: Script.Command) throws -> Verdict {
        let values: [Value]
        do {
            values = try perform(command.action)
        } catch let trap as Trap {
            return .failed("trapped: \(trap)")
        }
        guard command.type == "assert_return" else { return .passed }
        let expected = command.expected ?? []
        guard values.count == expected.count else {
            return .failed("expected \(expected.count) results, found \(values.count)")
        }
        for (value, pattern) in zip(values, expected) where !pattern.matches(value) {
            let action = command.action?.field ?? ""
            return .failed("\(action): expected \(pattern), found \(value)")
        }
        return .passed
    }

    private func checkTrap(_ command: Script.Command) throws -> Verdict {
        do {
            let values = try perform(command.action)
            return .failed("returned \(values), should trap: \(command.text ?? "")")
        } catch let trap as Trap {
            return matches(trap.description, command.text)
        }
    }
}
