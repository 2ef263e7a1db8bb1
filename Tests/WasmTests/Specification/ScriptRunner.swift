import Wasm
import WasmText

/// Runs one script of the official test suite.
final class ScriptRunner {
    /// What came of a script's commands.
    struct Report {
        var passed = 0
        var failures: [String] = []

        mutating func add(_ other: Report) {
            passed += other.passed
            failures += other.failures
        }
    }

    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let name: String
    private let stack: ValueStack
    private let heap: Heap
    private var imports: Imports
    private var current: Instance?
    private var named: [String: Instance] = [:]
    private var definitions: [String: LinkableModule] = [:]
    private var lastDefinition: LinkableModule?
    /// References do not retain: every instance is kept until the script ends.
    private var instances: [Instance] = []

    /// A module that a script defined and may instantiate more than once.
    private typealias LinkableModule = Module

    init(name: String) throws {
        self.name = name
        stack = try ValueStack(byteCount: 1 << 19)
        heap = Heap()
        imports = try SpecTestModule.imports(heap)
    }

    /// Runs the commands of a script one after another.
    func run(_ source: [UInt8]) -> Report {
        var report = Report()
        do {
            for command in try Script(source).commands {
                do {
                    try perform(command.kind)
                    report.passed += 1
                } catch {
                    report.failures.append("\(name):\(command.line): \(error)")
                }
            }
        } catch {
            report.failures.append("\(name):\(error)")
        }
        return report
    }

    private func perform(_ command: Script.Kind) throws {
        switch command {
        case .module(let source):
            current = nil
            let instance = try instantiate(try module(source))
            current = instance
            if let name = source.name { named[name] = instance }
        case .definition(let source):
            let module = try module(source)
            lastDefinition = module
            if let name = source.name { definitions[name] = module }
        case .instance(let name, let definition):
            guard let module = definition.map({ definitions[$0] }) ?? lastDefinition else {
                throw Failure(description: "no module definition \(definition ?? "")")
            }
            let instance = try instantiate(module)
            current = instance
            if let name { named[name] = instance }
        case .register(let name, let instance):
            imports.define(name, exportsOf: try self.instance(instance))
        case .action(let action):
            _ = try invoke(action)
        case .assertReturn(let action, let patterns):
            try check(try invoke(action), patterns)
        case .assertTrap(let action, let message), .assertExhaustion(let action, let message):
            try expectTrap(message) { "returned \(try self.invoke(action))" }
        case .assertException(let action):
            try expectTrap(Trap.Kind.uncaughtException.description) {
                "returned \(try self.invoke(action))"
            }
        case .assertUninstantiable(let source, let message):
            let module = try module(source)
            try expectTrap(message) {
                _ = try self.instantiate(module)
                return "was instantiated"
            }
        case .assertInvalid(let source, let message), .assertMalformed(let source, let message):
            try expectRefusal(source, message)
        case .assertUnlinkable(let source, let message):
            let module = try module(source)
            guard (try? module.link(imports)) != nil else { return }
            throw Failure(description: "linked, should be refused: \(message)")
        }
    }

    // MARK: - Modules

    private func module(_ source: Script.Source) throws -> Module {
        try Module(try source.encoded())
    }

    private func instantiate(_ module: Module) throws -> Instance {
        var limits = InstanceLimits(memoryBytesMax: 4 << 30)
        limits.tableElementsMax = 10_000_000
        let instance = try Instance(try module.link(imports), limits: limits, heap: heap)
        instances.append(instance)
        if let start = Execution(start: instance, stack: stack) { _ = try finish(start) }
        return instance
    }

    private func instance(_ name: String?) throws -> Instance {
        guard let instance = name.map({ named[$0] }) ?? current else {
            throw Failure(description: "no instance \(name ?? "")")
        }
        return instance
    }

    private func expectRefusal(_ source: Script.Source, _ message: String) throws {
        // The text's reader, the decoder or the validator refuses it.
        guard (try? module(source)) != nil else { return }
        throw Failure(description: "accepted, should be refused: \(message)")
    }

    private func expectTrap(_ expected: String, _ body: () throws -> String) throws {
        let outcome: String
        do {
            outcome = try body()
        } catch let error as InstantiationError {
            return try match(error.description, expected)
        } catch let trap as Trap {
            return try match(trap.description, expected)
        }
        throw Failure(description: "\(outcome), should trap: \(expected)")
    }

    private func match(_ found: String, _ expected: String) throws {
        guard found.hasPrefix(expected) || expected.hasPrefix(found) else {
            throw Failure(description: "expected \"\(expected)\", found \"\(found)\"")
        }
    }

    // MARK: - Actions

    private func finish(_ execution: Execution) throws -> [Value] {
        while true {
            switch execution.resume(budget: 1 << 24) {
            case .finished: return execution.results
            case .trapped(let trap): throw trap
            case .outOfBudget: continue
            case .waiting, .exited: throw Failure(description: "waits or exits")
            }
        }
    }

    private func invoke(_ action: Script.Action) throws -> [Value] {
        switch action {
        case .get(let name, let global):
            guard let global = try instance(name).global(named: global) else {
                throw Failure(description: "no global \(global)")
            }
            return [global.value]
        case .invoke(let name, let function, let arguments):
            let instance = try instance(name)
            let execution = try Execution(
                instance,
                export: function,
                arguments: try arguments.map { try value($0) },
                stack: stack
            )
            return try finish(execution)
        }
    }

    private func value(_ constant: Script.Constant) throws -> Value {
        guard let value = Value(constant) else {
            throw Failure(description: "cannot make the argument \(constant)")
        }
        return value
    }

    private func check(_ values: [Value], _ patterns: [Script.Pattern]) throws {
        guard values.count == patterns.count else {
            throw Failure(description: "expected \(patterns.count) results, found \(values.count)")
        }
        for (value, pattern) in zip(values, patterns) where !pattern.matches(value) {
            throw Failure(description: "expected \(pattern), found \(value)")
        }
    }
}
