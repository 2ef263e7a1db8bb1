import Linux
import Store
import WASI
import Wasm

/// A runtime made ready: its interpreter started once, up to where it asks for a script, and captured.
///
/// Immutable and shared by all scripts of the runtime: an image of a script is this one but for what loading the script
/// changed.
final class RuntimeImage: Sendable {
    let module: Module
    let linked: LinkedModule
    private let base: Snapshot
    private let call: SuspendedCall
    private let descriptors: CapturedDescriptors
    /// The runtime's own files, which scripts see beside theirs.
    private let files: [StoredFile]
    private let memoryByteCount: Int
    private let limits: VersionImage.InitialisationLimits
    private let account: MemoryAccount

    /// A script that was loaded, at the moment when it asks for a request.
    struct LoadedScript: Sendable {
        let snapshot: Snapshot
        let call: SuspendedCall
        let descriptors: CapturedDescriptors
        let tree: FileTree
        let warnings: [String]
    }

    /// Decodes and links the interpreter, and starts it.
    ///
    /// Takes as long as the interpreter needs to start.
    init(
        _ build: RuntimeBuild,
        module bytes: [UInt8],
        files: [StoredFile],
        account: MemoryAccount,
        limits: VersionImage.InitialisationLimits = VersionImage.InitialisationLimits()
    ) throws(VersionError) {
        do throws(ModuleError) {
            let threads = Processors.count
            module = try Module(bytes, threads: threads)
            try module.translateAll(threads: threads)
        } catch {
            throw .module(error)
        }
        do throws(LinkError) {
            linked = try module.link(HostModules.runtimeImports)
        } catch {
            throw .link(error)
        }
        self.files = files
        self.limits = limits
        self.account = account
        let guest = try ScriptGuest(linked, tree: try Self.tree(files))
        let execution = try guest.start(build, limits)
        try guest.runToInput(execution, limits) { .runtime(build.name, $0) }
        base = guest.instance.capture()
        (call, descriptors) = try guest.capture(execution)
        memoryByteCount = guest.instance.memoryByteCount
        account.add(byteCount)
    }

    deinit { account.add(-byteCount) }

    /// What module, code and image take, in bytes.
    private var byteCount: Int {
        2 * module.byteCount + module.translatedByteCount + base.byteCount
    }

    /// Loads a script on an instance of its own, and captures what became of it.
    ///
    /// Takes as long as the script's own initialisation runs.
    func load(
        main: String,
        files scriptFiles: [StoredFile],
        _ configuration: FunctionConfiguration,
        _ secrets: [Secret]
    ) throws(VersionError) -> LoadedScript {
        let limit = configuration.limits.memoryBytes
        guard memoryByteCount <= limit else {
            throw .instantiation(.memoryTooLarge(UInt64(memoryByteCount), limit: limit))
        }
        let tree = try Self.tree(files + scriptFiles)
        let guest: ScriptGuest
        do throws(InstantiationError) {
            let instance = try Instance(base, limits: InstanceLimits(memoryBytesMax: limit))
            guest = try ScriptGuest(instance, tree: tree)
        } catch {
            throw .instantiation(error)
        }
        guest.context.restore(descriptors)
        guest.context.input.append(
            ScriptMessage.load(main: main, configuration.environment, secrets)
        )
        let execution = Execution(
            resuming: call,
            guest.instance,
            stack: guest.stack,
            fuelLimit: limits.fuel,
            hostState: guest.context
        )
        try guest.runToInput(execution, limits) { .script($0) }
        let (call, descriptors) = try guest.capture(execution)
        return LoadedScript(
            snapshot: guest.instance.capture(over: base),
            call: call,
            descriptors: descriptors,
            tree: tree,
            warnings: guest.warnings
        )
    }

    private static func tree(_ files: [StoredFile]) throws(VersionError) -> FileTree {
        try VersionImage.tree(files)
    }
}
