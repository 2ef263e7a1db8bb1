import Linux
import Synchronization

/// Brings versions into memory on a thread of its own: reading, decoding and initialising a module
/// takes too long for an event loop.
final class Loader: Sendable {
    private struct State {
        var versions = FIFO<FunctionVersion>()
        var isStopping = false
    }

    private let monitor = Monitor(State())
    private let threads = ThreadGroup()

    init(
        _ images: VersionImages,
        secrets: @escaping SecretSource,
        residents: Residents
    ) throws(SystemError) {
        let monitor = monitor
        try threads.spawn(name: "loader") {
            while let version = Self.next(monitor) {
                Self.load(version, images, secrets, residents)
            }
        }
    }

    /// Has a version loaded, soon.
    ///
    /// Its waiting invocations go on then.
    func load(_ version: FunctionVersion) {
        monitor.withLock { $0.versions.append(version) }
        monitor.signal()
    }

    func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
        threads.joinAll()
    }

    private static func next(_ monitor: Monitor<State>) -> FunctionVersion? {
        monitor.wait { state in
            if let version = state.versions.popFirst() { return .found(version) }
            return state.isStopping ? .found(nil) : .nothing
        }
    }

    private static func load(
        _ version: FunctionVersion,
        _ images: VersionImages,
        _ secrets: SecretSource,
        _ residents: Residents
    ) {
        var failure: VersionError?
        do throws(VersionError) {
            // Room is made before it is taken: many versions may be called one after another.
            residents.makeRoom()
            let loaded = try build(version, images, secrets, residents.account)
            guard residents.install(loaded, as: version) else { throw .missing }
        } catch {
            failure = error
        }
        for invocation in version.takeWaiting() { invocation.versionLoaded(failure: failure) }
    }

    private static func build(
        _ version: FunctionVersion,
        _ images: VersionImages,
        _ secrets: SecretSource,
        _ account: MemoryAccount
    ) throws(VersionError) -> LoadedVersion {
        if let fault = version.fault { throw .damaged(fault) }
        let opened: [Secret]
        do {
            opened = try secrets(version.function, version.number)
        } catch {
            throw .secrets
        }
        let image = try images.makeImage(of: version, secrets: opened)
        return try LoadedVersion(
            image,
            configuration: version.configuration,
            secrets: opened,
            account: account
        )
    }
}
