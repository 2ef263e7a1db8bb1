public import Store
import Synchronization
import WASI

/// One immutable version of a function: a module and a configuration.
///
/// The module is loaded into memory when the version is first needed, or by whoever deploys it.
public final class FunctionVersion: Sendable {
    public let function: FunctionName
    /// From 1, per function.
    public let number: Int
    public let digest: ModuleDigest
    public let configuration: FunctionConfiguration

    /// Shared by all versions of the function.
    let gate: FunctionGate<Invocation>

    /// The part of the guest's environment that is the same for every request.
    let environment: GuestStrings
    /// The names of the variables that the operator set: requests cannot set these.
    let reservedNames: Set<String>
    let numberText: String

    /// Set once the version is in memory.
    private let loadedReference = AtomicLazyReference<LoadedVersion>()

    /// Who waits for the version to be loaded; nil when nobody loads it.
    private let waiting = Mutex<[Invocation]?>(nil)

    init(
        function: FunctionName,
        number: Int,
        digest: ModuleDigest,
        configuration: FunctionConfiguration,
        gate: FunctionGate<Invocation>,
        serverSoftware: String
    ) {
        self.function = function
        self.number = number
        self.digest = digest
        self.configuration = configuration
        self.gate = gate
        numberText = String(number)
        var environment = GuestStrings()
        for variable in configuration.environment {
            environment.append(name: variable.name, value: variable.value)
        }
        let reserved = Set(configuration.environment.map(\.name))
        let fixed = [
            ("GATEWAY_INTERFACE", "CGI/1.1"), ("SERVER_SOFTWARE", serverSoftware),
            ("FUNCTION_NAME", function.description), ("FUNCTION_VERSION", numberText),
        ]
        for (name, value) in fixed where !reserved.contains(name) {
            environment.append(name: name, value: value)
        }
        self.environment = environment
        reservedNames = reserved
    }

    /// The version in memory; nil when it is not there yet.
    ///
    /// Takes no lock.
    var loaded: LoadedVersion? { loadedReference.load() }

    /// Whether the version is in memory.
    public var isLoaded: Bool { loaded != nil }

    /// Puts the version into memory, unless somebody else has.
    func install(_ version: LoadedVersion) { _ = loadedReference.storeIfNil(version) }

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

    /// Makes the pool and its first instances.
    init(_ image: VersionImage, configuration: FunctionConfiguration) throws(VersionError) {
        self.image = image
        pool = InstancePool(
            image,
            bounds: InstancePool.Bounds(
                minimum: configuration.pool.minimum,
                maximum: configuration.pool.maximum,
                idleNanoseconds: UInt64(configuration.pool.idleMilliseconds) * 1_000_000,
                reuse: configuration.reuse
            )
        )
        try pool.fill()
    }
}
