import Glibc
import Linux
import Platform
import WASI
import Wasm
import WasmText

/// Exit codes of ``runCommand(_:)`` beside the guest's own.
private enum RunExitCode {
    /// The guest trapped: as a shell reports SIGABRT, which is what other runtimes end with.
    static let trap: Int32 = 134
    /// The limit of time was reached, as `timeout` reports it.
    static let timeout: Int32 = 124
    /// The module cannot be run.
    static let invalidModule: Int32 = 65
    /// The file cannot be read.
    static let noInput: Int32 = 66
}

/// Runs a WASI command with this process's standard streams, and returns its exit code.
public func runCommand(_ options: RunOptions) -> Int32 {
    ProcessSignals.ignoreFileSizeLimit()
    do throws(RunFailure) {
        return try CommandRun(options).run()
    } catch {
        complain("roost: \(error.message)")
        return error.code
    }
}

/// Checks the module on standard input, prints one line of JSON, and returns the exit code.
///
/// What the daemon starts in a process of its own for each upload, as `roost check-module`.
public func checkModule(arguments: [String]) -> Int32 {
    ModuleCheck.perform(arguments: arguments)
}

private struct RunFailure: Error {
    let code: Int32
    let message: String
}

private func complain(_ message: String) {
    let line = Array((message + "\n").utf8)
    try? StandardStream.error.writeAll(line)
}

/// One run of a command in the terminal.
private struct CommandRun {
    private let options: RunOptions
    private let instance: Instance
    private let context = WASIContext()

    init(_ options: RunOptions) throws(RunFailure) {
        self.options = options
        for directory in options.directories {
            do throws(SystemError) {
                context.directories.append(
                    try PreopenedDirectory(host: directory.host, guest: directory.guest)
                )
            } catch {
                throw RunFailure(code: RunExitCode.noInput, message: "--dir: \(error)")
            }
        }
        let bytes = try Self.read(options.file)
        do {
            let isText = options.file.hasSuffix(".wat")
            let module = try Module(
                isText ? TextModule.encode(bytes) : bytes,
                threads: Processors.count
            )
            var imports = Imports()
            WASIPreview1.define(in: &imports)
            let linked = try module.link(imports)
            _ = try GuestInterface(of: module)
            var limits = InstanceLimits()
            // 4 GiB: what a 32-bit memory can have at most.
            limits.memoryBytesMax = options.memoryBytes ?? 1 << 32
            instance = try Instance(linked, limits: limits)
        } catch {
            throw RunFailure(
                code: RunExitCode.invalidModule,
                message: options.file + (error is TextError ? ":" : ": ") + "\(error)"
            )
        }
    }

    private static func read(_ path: String) throws(RunFailure) -> [UInt8] {
        let bytes: [UInt8]?
        do throws(SystemError) {
            let file = try FileDescriptor(opening: path, flags: O_RDONLY)
            bytes = try file.readToEnd(limit: 1 << 30)
        } catch {
            throw RunFailure(code: RunExitCode.noInput, message: "\(error)")
        }
        guard let bytes else {
            throw RunFailure(code: RunExitCode.invalidModule, message: "\(path): over 1 GiB")
        }
        return bytes
    }

    func run() throws(RunFailure) -> Int32 {
        prepareStreams()
        do throws(SystemError) {
            let stack = try ValueStack(byteCount: 8 << 20)
            if let start = Execution(start: instance, stack: stack, hostState: context) {
                let code = finish(start)
                guard code == 0 else { return code }
            }
            let fuel = options.fuel.map { UInt64(clamping: $0) }
            let execution = try? Execution(
                instance,
                export: "_start",
                stack: stack,
                fuelLimit: fuel,
                hostState: context
            )
            guard let execution else {
                throw SystemError(call: "_start", code: ENOEXEC)
            }
            return finish(execution)
        } catch {
            throw RunFailure(code: 71, message: "\(error)")
        }
    }

    private func prepareStreams() {
        context.standardOutput = .passThrough(.output)
        context.standardError = .passThrough(.error)
        if StandardStream.input.isTerminal { context.terminals.insert(.input) }
        if StandardStream.output.isTerminal { context.terminals.insert(.output) }
        if StandardStream.error.isTerminal { context.terminals.insert(.error) }
        var environment = GuestStrings()
        for variable in options.environment {
            environment.append(name: variable.name, value: variable.value)
        }
        context.begin(
            arguments: GuestStrings([options.file] + options.arguments),
            environment: environment,
            input: .arriving
        )
    }

    /// Runs to the end, waiting for input and timers on this thread.
    private func finish(_ execution: Execution) -> Int32 {
        let deadline = options.timeoutMilliseconds.map {
            Monotonic.now() &+ UInt64(clamping: $0) &* 1_000_000
        }
        while true {
            switch execution.resume(budget: 50_000_000) {
            case .finished:
                return 0
            case .exited(let code):
                return code
            case .trapped(let trap):
                report(trap)
                return RunExitCode.trap
            case .waiting(let condition):
                wait(for: condition, deadline: deadline)
            case .outOfBudget:
                break
            }
            if let deadline, Monotonic.now() >= deadline {
                complain("roost: \(options.file): did not finish in time")
                return RunExitCode.timeout
            }
        }
    }

    private func wait(for condition: WaitCondition, deadline: UInt64?) {
        switch condition {
        case .deadline(let moment):
            sleep(until: min(moment, deadline ?? .max))
        case .input:
            readInput(until: deadline)
        case .output:
            // Output is passed through: there is always room.
            break
        case .inputOrDeadline(let moment):
            readInput(until: min(moment, deadline ?? .max))
        }
    }

    private func sleep(until moment: UInt64) {
        let clock = Monitor(())
        clock.wait { _ in Monotonic.now() >= moment ? .found(()) : .nothingUntil(moment) }
    }

    /// Reads what standard input has, waiting for it until a moment at the most.
    private func readInput(until moment: UInt64?) {
        if let moment {
            let now = Monotonic.now()
            let milliseconds = moment > now ? (moment - now) / 1_000_000 + 1 : 0
            guard StandardStream.input.isReadable(within: Int32(clamping: milliseconds)) else {
                return
            }
        }
        let chunk = (try? StandardStream.input.read(upTo: 64 << 10)) ?? []
        if chunk.isEmpty { context.input.end() } else { context.input.append(chunk) }
    }

    private func report(_ trap: Trap) {
        var lines = ["roost: \(options.file): trap: \(trap)"]
        lines += BacktraceText.lines(of: trap).map { "  \($0)" }
        complain(lines.joined(separator: "\n"))
    }
}
