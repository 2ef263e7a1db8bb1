public import Store
import Synchronization

/// One immutable version of a function: a module and a configuration.
///
/// The module is loaded into memory when the version is first needed, or by whoever deploys it.
public final class FunctionVersion: Sendable {
    public let function: FunctionName
    /// From 1, per function.
    public let number: Int
    public let digest: ModuleDigest
    /// Its files, and the script among them.
    public let code: VersionCode
    public let configuration: FunctionConfiguration
    /// How the module is called.
    public let interface: GuestInterface
    /// Why the version cannot serve, if its configuration is damaged.
    let fault: String?

    /// Shared by all versions of the function.
    let gate: FunctionGate<Invocation>

    /// Who uses the version now.
    let uses = VersionUses()

    /// Whether the configuration adds fields to responses.
    let addsFields: Bool

    private let serverSoftware: String
    private let metrics = Mutex<FunctionMetrics?>(nil)

    /// A version in memory, with what is made of its configuration for its guests.
    final class Residence: Sendable {
        let loaded: LoadedVersion
        let environment: FixedEnvironment

        init(loaded: LoadedVersion, environment: FixedEnvironment) {
            self.loaded = loaded
            self.environment = environment
        }
    }

    private struct State {
        var residence: Residence?
        /// Nobody can call the version any more: it is not to be loaded again.
        var isWithdrawn = false
    }

    private let state = Mutex(State())

    /// Who waits for the version to be loaded; nil when nobody loads it.
    private let waiting = Mutex<[Invocation]?>(nil)

    init(
        function: FunctionName,
        number: Int,
        digest: ModuleDigest,
        code: VersionCode,
        configuration: FunctionConfiguration,
        interface: GuestInterface,
        fault: String? = nil,
        gate: FunctionGate<Invocation>,
        serverSoftware: String
    ) {
        self.function = function
        self.number = number
        self.digest = digest
        self.code = code
        self.configuration = configuration
        self.interface = interface
        self.fault = fault
        self.gate = gate
        self.serverSoftware = serverSoftware
        addsFields = !configuration.headers.isEmpty || configuration.cors != nil
    }

    /// Where the version's invocations are counted.
    func metrics(in metrics: InvocationMetrics) -> FunctionMetrics {
        self.metrics.withLock { known in
            if let known { return known }
            let made = metrics.function(function.description)
            known = made
            return made
        }
    }

    /// The version in memory; nil when it is not there, or not any more.
    var residence: Residence? { state.withLock { $0.residence } }

    /// The version's image and instances; nil when they are not in memory.
    var loaded: LoadedVersion? { state.withLock { $0.residence?.loaded } }

    /// Whether the version is in memory.
    public var isLoaded: Bool { loaded != nil }

    /// Puts the version into memory, unless somebody else has; false when it was withdrawn.
    func install(_ version: LoadedVersion) -> Bool {
        let environment = FixedEnvironment(
            of: self,
            secrets: version.secrets,
            serverSoftware: serverSoftware
        )
        return state.withLock { state in
            guard !state.isWithdrawn else { return false }
            if state.residence == nil {
                state.residence = Residence(loaded: version, environment: environment)
            }
            return true
        }
    }

    /// Takes the version out of memory, once the requests that run have ended; `forever` when nobody can call
    /// it any more.
    ///
    /// Answers what was there.
    func unload(forever: Bool) -> LoadedVersion? {
        let loaded = state.withLock { state in
            state.isWithdrawn = state.isWithdrawn || forever
            return state.residence.take()?.loaded
        }
        loaded?.pool.retire()
        return loaded
    }

    enum LoadDuty {
        /// The version is in memory.
        case none
        /// The invocation was put on the list; the caller must have the version loaded.
        case load
        /// The invocation was put on the list; somebody loads the version.
        case wait
    }

    /// Asks for the version to be in memory, on behalf of an invocation.
    func await(_ invocation: Invocation) -> LoadDuty {
        waiting.withLock { waiting in
            if loaded != nil { return .none }
            guard waiting != nil else {
                waiting = [invocation]
                return .load
            }
            waiting?.append(invocation)
            return .wait
        }
    }

    /// Takes those who waited, when loading has ended one way or the other.
    func takeWaiting() -> [Invocation] {
        waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting ?? []
        }
    }
}

/// A version in memory: its image, and the instances made from it.
final class LoadedVersion: Sendable {
    let image: VersionImage
    let pool: InstancePool
    /// What the environment of its guests has besides the configuration.
    let secrets: [Secret]
    private let account: MemoryAccount
    /// What the account has for module, code and image, in bytes.
    private let accounted = Mutex(0)

    /// Makes the pool and its first instances.
    init(
        _ image: VersionImage,
        configuration: FunctionConfiguration,
        secrets: [Secret] = [],
        account: MemoryAccount
    ) throws(VersionError) {
        self.image = image
        self.secrets = secrets
        self.account = account
        pool = InstancePool(
            image,
            bounds: InstancePool.Bounds(
                minimum: configuration.pool.minimum,
                maximum: configuration.pool.maximum,
                idleNanoseconds: UInt64(configuration.pool.idleMilliseconds) * 1_000_000,
                reuse: configuration.reuse
            ),
            account: account
        )
        updateAccount()
        try pool.refill()
    }

    deinit { account.add(-accounted.withLock { $0 }) }

    /// Enters what the version takes now: functions are translated when they are first called.
    func updateAccount() {
        let byteCount = image.byteCount
        let change = accounted.withLock { accounted in
            defer { accounted = byteCount }
            return byteCount - accounted
        }
        account.add(change)
    }
}
