import HTTPWasm
public import Linux
import Store
import WASI
public import Wasm

/// Why a module cannot become a version that serves.
public enum VersionError: Error, Sendable, CustomStringConvertible {
    /// The bytes are not a valid module.
    case module(ModuleError)
    /// The module offers no interface to call it by.
    case interface(UnsupportedInterface)
    /// Imports are missing or have other types.
    case link(LinkError)
    /// The module cannot be instantiated within the limits.
    case instantiation(InstantiationError)
    /// One of the functions that initialise the module failed; by a trap, if that is why.
    case initialisation(function: String, reason: String, trap: Trap? = nil)
    /// A runtime's interpreter did not get to where it takes scripts.
    case runtime(String, ScriptFailure)
    /// A script could not be loaded.
    case script(ScriptFailure)
    /// Files that cannot lie beside one another.
    case files(conflict: String)
    /// The module's bytes are not in the store any more.
    case missing
    /// The secrets cannot be opened.
    case secrets
    /// What is stored of the version is not what was deployed.
    case damaged(String)
    /// The host lacks a resource.
    case host(SystemError)

    /// The reason in a sentence.
    public var description: String {
        switch self {
        case .module(let error): "the module is \(error)"
        case .interface(let error): error.description
        case .link(let error): "the module cannot be linked: \(error)"
        case .instantiation(let error): "the module cannot be instantiated: \(error)"
        case .initialisation(let function, let reason, _): "'\(function)' failed: \(reason)"
        case .runtime(let name, let failure): "runtime '\(name)' does not start: \(failure)"
        case .script(let failure): "the script cannot be loaded: \(failure)"
        case .files(let path): "'\(path)' cannot be both a file and a directory"
        case .missing: "the module is not in the store"
        case .secrets: "the function's secrets cannot be opened"
        case .damaged(let reason): reason
        case .host(let error): error.description
        }
    }

    /// The report of the trap that was the reason, as JSON.
    public var trapReport: String? {
        guard case .initialisation(_, _, let trap?) = self else { return nil }
        return TrapReport.text(trap)
    }
}

/// A module made ready: decoded, linked, initialised once, and captured.
///
/// Immutable and shared; instances are made from it.
final class VersionImage: Sendable {
    /// The bounds on initialisation: it runs once per version, not per request.
    struct InitialisationLimits {
        var fuel: UInt64 = 10_000_000_000
        var timeoutMilliseconds = 30_000
    }

    let interface: GuestInterface
    let module: Module
    /// The function that a request calls; nil for a script, whose interpreter goes on from where it is.
    let entry: ExportedFunction?
    /// What initialisation did that every instance has the result of, and that is seldom meant.
    let warnings: [String]
    /// What a handler asked of its host when it was initialised.
    let handlerFeatures: HandlerFeatures
    /// The files that the guest finds beneath `/`; nil when there are none.
    let tree: FileTree?
    /// The script, when the module is a runtime's.
    let script: RuntimeImage.LoadedScript?

    /// The image that a script's is based on.
    private let runtime: RuntimeImage?
    private let linked: LinkedModule
    /// Nil when the configuration asks for instances that are made anew each time.
    private let snapshot: Snapshot?
    private let instanceLimits: InstanceLimits
    private let initialisationLimits: InitialisationLimits
    /// What a handler gets when it asks for its configuration.
    let handlerConfiguration: [UInt8]
    private let initialisers: [String]

    /// The functions that initialise a module, in the order in which they run: a reactor's entry,
    /// and the two names under which the Wizer tool knows its own.
    ///
    /// A handler that is built as a program sets itself up in the program's entry, which comes after them.
    static let initialisers = ["_initialize", "wizer-initialize", "wizer.initialize"]

    /// Functions of this size, in bytes, take about a millisecond to translate: too long for an event loop,
    /// where the first call of a function may be.
    private static let largeBodyBytes = 32 << 10

    /// The size of the stack for guest frames.
    static let stackBytes = 1 << 20

    /// Decodes, links and initialises a module.
    ///
    /// Takes as long as the module's initialisers run.
    ///
    /// `translatesAhead` has every function translated now, instead of at its first call: right
    /// when nobody waits, as at a deploy.
    init(
        module bytes: [UInt8],
        files: [StoredFile] = [],
        configuration: FunctionConfiguration,
        translatesAhead: Bool = false,
        moduleLimits: ModuleLimits = ModuleLimits(),
        initialisationLimits: InitialisationLimits = InitialisationLimits()
    ) throws(VersionError) {
        do throws(ModuleError) {
            let threads = Processors.count
            module = try Module(bytes, limits: moduleLimits, threads: threads)
            if translatesAhead {
                try module.translateAll(threads: threads)
            } else {
                try module.translate(bodiesFrom: Self.largeBodyBytes)
            }
        } catch {
            throw .module(error)
        }
        do throws(LinkError) {
            linked = try module.link(HostModules.imports)
        } catch {
            throw .link(error)
        }
        do throws(UnsupportedInterface) {
            interface = try GuestInterface(of: module)
        } catch {
            throw .interface(error)
        }
        entry = module.function(exported: interface.entry)
        var limits = InstanceLimits()
        limits.memoryBytesMax = configuration.limits.memoryBytes
        instanceLimits = limits
        self.initialisationLimits = initialisationLimits
        handlerConfiguration = HandlerDialogue.configuration(of: configuration)
        initialisers =
            interface == .httpWasmHandler
            ? Self.initialisers + [GuestInterface.commandEntry] : Self.initialisers
        tree = files.isEmpty ? nil : try Self.tree(files)
        script = nil
        runtime = nil
        let handler = HandlerContext(configuration: handlerConfiguration)
        let (first, observed) = try Self.initialised(
            linked,
            limits,
            initialisationLimits,
            initialisers,
            handler,
            tree
        )
        handlerFeatures = handler.features
        snapshot = configuration.snapshot ? first.capture() : nil
        warnings = configuration.snapshot ? observed.warnings : []
    }

    /// Loads a script into a runtime's interpreter.
    ///
    /// Takes as long as the script's initialisation runs.
    init(
        script main: String,
        files: [StoredFile],
        runtime: RuntimeImage,
        configuration: FunctionConfiguration,
        secrets: [Secret]
    ) throws(VersionError) {
        let loaded = try runtime.load(main: main, files: files, configuration, secrets)
        interface = .script
        module = runtime.module
        entry = nil
        linked = runtime.linked
        script = loaded
        tree = loaded.tree
        snapshot = loaded.snapshot
        warnings = loaded.warnings
        self.runtime = runtime
        instanceLimits = InstanceLimits(memoryBytesMax: configuration.limits.memoryBytes)
        initialisationLimits = InitialisationLimits()
        handlerFeatures = HandlerFeatures()
        handlerConfiguration = []
        initialisers = []
    }

    /// The tree of stored files.
    static func tree(_ files: [StoredFile]) throws(VersionError) -> FileTree {
        do throws(FileTree.Conflict) {
            return try FileTree(files.map { ($0.path, $0.bytes) })
        } catch {
            throw .files(conflict: error.path)
        }
    }

    /// What module, translated code and snapshot take, in bytes, with what is needed besides.
    var byteCount: Int {
        moduleByteCount + codeByteCount + snapshotByteCount + (tree?.byteCount ?? 0)
            + Self.overheadBytes
    }

    /// What a version takes besides, as measured by `scripts/bench/density`.
    private static let overheadBytes = 6 << 10

    /// What the module takes, in bytes: its own, and about as much for what was decoded.
    ///
    /// A runtime's counts once, for all scripts, and so does its code.
    var moduleByteCount: Int { runtime == nil ? 2 * module.byteCount : 0 }

    /// What translated code takes, in bytes.
    var codeByteCount: Int { runtime == nil ? module.translatedByteCount : 0 }

    /// What the snapshot takes, in bytes; instances share it.
    var snapshotByteCount: Int { (snapshot?.byteCount ?? 0) + (script?.call.byteCount ?? 0) }

    /// Makes an instance in its initialised state.
    func makeInstance() throws(VersionError) -> Instance {
        guard let snapshot else {
            return try Self.initialised(
                linked,
                instanceLimits,
                initialisationLimits,
                initialisers,
                HandlerContext(configuration: handlerConfiguration),
                tree
            ).instance
        }
        do throws(InstantiationError) {
            return try Instance(snapshot, limits: instanceLimits)
        } catch {
            throw .instantiation(error)
        }
    }

    /// Puts an instance back into its initialised state; false when it cannot be and must go.
    ///
    /// `byteCountKept` is as for `Instance.reset`.
    func restore(_ instance: Instance, releasingBeyond byteCountKept: Int) -> Bool {
        guard let snapshot else { return false }
        instance.reset(to: snapshot, releasingBeyond: byteCountKept)
        return true
    }

    /// Whether an instance can do without its memory meanwhile.
    var canRelease: Bool { snapshot != nil }

    /// Gives the memory of an instance that is in its initialised state back to the kernel.
    func release(_ instance: Instance) {
        if let snapshot { instance.release(snapshot) }
    }

    /// Makes a released instance ready.
    func reclaim(_ instance: Instance) {
        if let snapshot { instance.reclaim(snapshot) }
    }

    private static func initialised(
        _ linked: LinkedModule,
        _ limits: InstanceLimits,
        _ bounds: InitialisationLimits,
        _ initialisers: [String],
        _ handler: HandlerContext,
        _ tree: FileTree?
    ) throws(VersionError) -> (instance: Instance, observed: Initialiser.Observations) {
        let instance: Instance
        do throws(InstantiationError) {
            instance = try Instance(linked, limits: limits)
        } catch {
            throw .instantiation(error)
        }
        var initialiser = Initialiser(
            instance: instance,
            limits: bounds,
            handler: handler,
            tree: tree
        )
        if instance.hasStart { try initialiser.runStart() }
        for name in initialisers {
            guard case .function(FunctionType([], [])) = linked.module.export(named: name) else {
                continue
            }
            try initialiser.run(export: name)
        }
        return (instance, initialiser.observed)
    }
}

/// The host functions that every guest is linked against.
enum HostModules {
    static let imports: Imports = {
        var imports = Imports()
        WASIPreview1.define(in: &imports)
        HandlerInterface.define(in: &imports)
        return imports
    }()

    /// Those that interpreters are linked against.
    static let runtimeImports: Imports = {
        var imports = HostModules.imports
        MicroPythonHost.define(in: &imports)
        return imports
    }()
}

/// Runs a module's initialising functions to their ends, on the calling thread.
private struct Initialiser {
    let instance: Instance
    let limits: VersionImage.InitialisationLimits
    let handler: HandlerContext
    let tree: FileTree?
    private(set) var observed = Observations()

    /// What was read that differs from run to run.
    struct Observations {
        var random = false
        var clock = false

        /// What instances that start from one snapshot have in common because of it.
        var warnings: [String] {
            var warnings: [String] = []
            if random {
                warnings.append(
                    "random values were read while the module was initialised: every instance starts with the "
                        + "same ones, seeds of hash tables and keys included"
                )
            }
            if clock {
                warnings.append(
                    "the clock was read while the module was initialised: every instance starts with the time of "
                        + "the deployment"
                )
            }
            return warnings
        }
    }

    init(
        instance: Instance,
        limits: VersionImage.InitialisationLimits,
        handler: HandlerContext,
        tree: FileTree?
    ) {
        self.instance = instance
        self.limits = limits
        self.handler = handler
        self.tree = tree
    }

    mutating func runStart() throws(VersionError) {
        let context = makeContext()
        let stack = try makeStack()
        let execution = Execution(
            start: instance,
            stack: stack,
            fuelLimit: limits.fuel,
            hostState: context
        )
        guard let execution else { return }
        try finish(execution, context, name: "the start function")
    }

    mutating func run(export name: String) throws(VersionError) {
        let context = makeContext()
        let stack = try makeStack()
        let execution: Execution
        do throws(InvocationError) {
            execution = try Execution(
                instance,
                export: name,
                stack: stack,
                fuelLimit: limits.fuel,
                hostState: context
            )
        } catch {
            throw .initialisation(function: name, reason: "\(error)")
        }
        try finish(execution, context, name: name)
    }

    private func makeContext() -> WASIContext {
        let context = WASIContext(outputByteLimit: 0, logByteLimit: 0)
        context.standardOutput = .discard
        context.standardError = .discard
        context.companion = handler
        context.tree = tree
        return context
    }

    private func makeStack() throws(VersionError) -> ValueStack {
        do throws(SystemError) {
            return try ValueStack(byteCount: VersionImage.stackBytes)
        } catch {
            throw .host(error)
        }
    }

    private mutating func finish(
        _ execution: Execution,
        _ context: WASIContext,
        name: String
    ) throws(VersionError) {
        defer {
            observed.random = observed.random || context.readRandom
            observed.clock = observed.clock || context.readClock
        }
        let deadline = Monotonic.now() &+ UInt64(limits.timeoutMilliseconds) &* 1_000_000
        while true {
            let reason: String
            var cause: Trap?
            switch execution.resume(budget: 10_000_000) {
            case .finished, .exited(0):
                return
            case .outOfBudget where Monotonic.now() < deadline:
                continue
            case .outOfBudget:
                reason = "it ran longer than \(limits.timeoutMilliseconds) ms"
            case .waiting:
                reason = "it waits, which initialisation must not"
            case .trapped(let trap):
                reason = "it trapped: \(trap)"
                cause = trap
            case .exited(let code):
                reason = "it exited with code \(code)"
            }
            throw .initialisation(function: name, reason: reason, trap: cause)
        }
    }
}
