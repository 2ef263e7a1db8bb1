import Linux
import WASI
import Wasm

/// An interpreter while it starts, or while it loads a script: an instance with its streams.
///
/// Used by one thread, which it blocks.
struct ScriptGuest {
    let instance: Instance
    let context: WASIContext
    let stack: ValueStack

    /// What is kept of what it writes on its streams, in bytes: the end of it says why it failed.
    private static let logBytes = 64 << 10

    /// Makes an instance of an interpreter, in its initial state.
    init(_ linked: LinkedModule, tree: FileTree) throws(VersionError) {
        let instance: Instance
        do throws(InstantiationError) {
            instance = try Instance(linked, limits: InstanceLimits(memoryBytesMax: 1 << 30))
        } catch {
            throw .instantiation(error)
        }
        do throws(InstantiationError) {
            try self.init(instance, tree: tree)
        } catch {
            throw .instantiation(error)
        }
    }

    /// Takes an instance that was made from a snapshot.
    init(_ instance: Instance, tree: FileTree) throws(InstantiationError) {
        self.instance = instance
        context = WASIContext(outputByteLimit: 0, logByteLimit: Self.logBytes)
        context.standardOutput = .log
        context.tree = tree
        context.input = .arriving
        do throws(SystemError) {
            stack = try ValueStack(byteCount: VersionImage.stackBytes)
        } catch {
            throw .system(error)
        }
    }

    /// Prepares the call that has the interpreter run.
    func start(
        _ build: RuntimeBuild,
        _ limits: VersionImage.InitialisationLimits
    ) throws(VersionError) -> Execution {
        if let start = Execution(
            start: instance,
            stack: stack,
            fuelLimit: limits.fuel,
            hostState: context
        ) {
            _ = try finish(start, limits, name: "the start function")
        }
        let module = instance.module
        let isReactor = module.export(named: Interpreter.reactorEntry) != nil
        let interpreter: Interpreter = isReactor ? .reactor : .command
        let arguments =
            build.arguments ?? build.language?.arguments(for: interpreter) ?? [build.name]
        context.arguments = GuestStrings(arguments)
        guard isReactor else {
            return try execution(GuestInterface.commandEntry, [], limits)
        }
        if module.export(named: "_initialize") != nil {
            _ = try finish(try execution("_initialize", [], limits), limits, name: "_initialize")
        }
        let list = try store(arguments, limits)
        let count = Int32(truncatingIfNeeded: arguments.count)
        return try execution(Interpreter.reactorEntry, [.i32(count), .i32(list)], limits)
    }

    private func execution(
        _ export: String,
        _ arguments: [Value],
        _ limits: VersionImage.InitialisationLimits
    ) throws(VersionError) -> Execution {
        do throws(InvocationError) {
            return try Execution(
                instance,
                export: export,
                arguments: arguments,
                stack: stack,
                fuelLimit: limits.fuel,
                hostState: context
            )
        } catch {
            throw .initialisation(function: export, reason: "\(error)")
        }
    }

    /// Writes C strings, and an array of pointers to them, to memory that the guest's allocator gives; answers where
    /// the array is.
    private func store(
        _ strings: [String],
        _ limits: VersionImage.InitialisationLimits
    ) throws(VersionError) -> Int32 {
        var pointers: [UInt8] = []
        for string in strings {
            let address = try store(Array(string.utf8) + [0], limits)
            pointers += (0..<4).map { UInt8(truncatingIfNeeded: address >> ($0 * 8)) }
        }
        return try store(pointers + [0, 0, 0, 0], limits)
    }

    private func store(
        _ bytes: [UInt8],
        _ limits: VersionImage.InitialisationLimits
    ) throws(VersionError) -> Int32 {
        let count = Int32(truncatingIfNeeded: bytes.count)
        let allocation = try execution("malloc", [.i32(count)], limits)
        let results = try finish(allocation, limits, name: "malloc")
        guard case .i32(let address)? = results.first,
            let memory = instance.memory(named: "memory")?.guest,
            memory.write(bytes, at: UInt32(bitPattern: address))
        else { throw .initialisation(function: "malloc", reason: "it gave no memory") }
        return address
    }

    // MARK: - Running

    /// Runs a function to its end, which neither waits nor exits.
    private func finish(
        _ execution: Execution,
        _ limits: VersionImage.InitialisationLimits,
        name: String
    ) throws(VersionError) -> [Value] {
        let deadline = Self.deadline(limits)
        while true {
            switch execution.resume(budget: Self.sliceBudget) {
            case .finished: return execution.results
            case .outOfBudget where Monotonic.now() < deadline: continue
            case .trapped(let trap):
                throw .initialisation(
                    function: name,
                    reason: "it trapped: \(trap)",
                    trap: trap
                )
            case .outOfBudget, .waiting, .exited:
                throw .initialisation(function: name, reason: "it did not return")
            }
        }
    }

    private static let sliceBudget: Int64 = 10_000_000

    private static func deadline(_ limits: VersionImage.InitialisationLimits) -> UInt64 {
        Monotonic.now() &+ UInt64(limits.timeoutMilliseconds) &* 1_000_000
    }

    /// Runs until the guest waits for more input than there is; `failure` makes the error of a guest that ends, or
    /// does not get there.
    func runToInput(
        _ execution: Execution,
        _ limits: VersionImage.InitialisationLimits,
        _ failure: (ScriptFailure) -> VersionError
    ) throws(VersionError) {
        let deadline = Self.deadline(limits)
        let clock = Monitor(())
        while true {
            let reason: String
            switch execution.resume(budget: Self.sliceBudget) {
            case .waiting(.input) where !context.input.isReady:
                return
            case .waiting(.deadline(let moment)) where moment < deadline:
                clock.wait { _ in Monotonic.now() >= moment ? .found(()) : .nothingUntil(moment) }
                continue
            case .outOfBudget where Monotonic.now() < deadline:
                continue
            case .outOfBudget, .waiting:
                reason = "it ran for longer than \(limits.timeoutMilliseconds) ms"
            case .trapped(let trap) where trap.kind == .outOfFuel:
                reason = "it ran for more than \(limits.fuel) instructions"
            case .trapped(let trap):
                reason = "it trapped: \(trap)"
            case .finished:
                reason = "it ended before it asked for more input"
            case .exited(0):
                reason = "it exited before it asked for more input"
            case .exited(let code):
                reason = output.isEmpty ? "it exited with code \(code)" : ""
            }
            let separator = output.isEmpty || reason.isEmpty ? "" : "\n"
            throw failure(ScriptFailure(output: output + separator + reason))
        }
    }

    /// The lines that the guest has written.
    private var output: String {
        var log = context.log
        log.finish()
        return log.lines.map(\.text).joined(separator: "\n")
    }

    /// Copies where the guest is; it must wait.
    func capture(
        _ execution: Execution
    ) throws(VersionError) -> (SuspendedCall, CapturedDescriptors) {
        guard let call = execution.captureCall(), let descriptors = context.captureDescriptors()
        else {
            throw .initialisation(
                function: Interpreter.reactorEntry,
                reason:
                    "it cannot be captured where it waits: references to functions are on its stack"
            )
        }
        return (call, descriptors)
    }

    /// What every instance has in common because the guest read it.
    var warnings: [String] { [] }
}
