public import Linux
public import Store
import Synchronization
import Wasm

/// Functions, and the machinery that runs them.
///
/// Any thread may call everything here. Requests come in through a ``Lane``, one per event loop.
public final class Platform: Sendable {
    public let options: PlatformOptions

    let scheduler: Scheduler
    let loader: Loader
    let images: VersionImages
    let janitor: Janitor
    let residents: Residents
    let directory: FunctionDirectory
    /// Stacks for guests, to be used again.
    let stacks: FreeList<ValueStack>
    let census: Census
    let metrics: InvocationMetrics
    let spans: (any SpanSink)?

    private let log: InvocationStore

    /// Starts the threads.
    ///
    /// `functions`, `code` and `secrets` find what is stored, on threads that may block: a function, what versions
    /// run, and the secrets of a version. `spans` takes the spans of sampled invocations.
    public init(
        options: PlatformOptions,
        log: InvocationStore,
        spans: (any SpanSink)? = nil,
        functions: @escaping FunctionSource,
        secrets: @escaping SecretSource = { _, _ in [] },
        code source: CodeSource
    ) throws(SystemError) {
        // Instances have a few pages each: a huge one would give each of them 2 MiB.
        ProcessMemory.useSmallPagesOnly()
        self.options = options
        self.log = log
        self.spans = spans
        metrics = InvocationMetrics(functionsMax: options.metricsFunctionsMax)
        census = Census(countMax: options.invocationsMax)
        let residents = Residents(
            account: MemoryAccount(byteCountMax: options.residentBytesMax),
            warmNanoseconds: UInt64(options.warmMilliseconds) * 1_000_000
        )
        self.residents = residents
        let runtimes = RuntimeImages(source: source, account: residents.account)
        let images = VersionImages(source: source, runtimes: runtimes)
        self.images = images
        scheduler = try Scheduler(workerCount: options.workerCount)
        do throws(SystemError) {
            loader = try Loader(images, secrets: secrets, residents: residents)
        } catch {
            scheduler.stop()
            throw error
        }
        do throws(SystemError) {
            directory = try FunctionDirectory(
                residents: residents,
                options: options,
                source: functions
            )
        } catch {
            loader.stop()
            scheduler.stop()
            throw error
        }
        do throws(SystemError) {
            let directory = directory
            janitor = try Janitor {
                directory.giveUpIdle(now: Monotonic.now())
                residents.sweep()
                if residents.account.excess > 0 { runtimes.relieve() }
            }
        } catch {
            directory.stop()
            loader.stop()
            scheduler.stop()
            throw error
        }
        // A stack is taken for each running guest, and most guests run one at a time per thread.
        stacks = FreeList(capacity: 256)
    }

    /// Makes the way in for one event loop.
    public func makeLane() -> Lane { Lane(self, ring: log.makeRing()) }

    /// What is in memory of functions.
    public var poolReport: PoolReport { PoolReport(self) }

    /// How many invocations were refused since the start: by their functions' limits, and by the platform's.
    public var refusals: (functionFull: Int, platformFull: Int) { census.refusals }

    /// What was counted of invocations by function, those without a label of their own together.
    public var invocationReport: [FunctionReport] {
        let table = table
        return metrics.report { table.knows($0) }
    }

    /// What the threads do that run guests beyond their first slice.
    public var schedulerReport: SchedulerReport { scheduler.report }

    /// How many invocations run or wait.
    public var invocationCount: Int { census.current }

    /// Refuses new invocations from now on, and waits for those there are until a moment of
    /// `Monotonic.now()`; false when some were left then.
    public func drain(until deadline: UInt64) -> Bool {
        census.drain()
        let clock = Monitor(())
        while census.current > 0 {
            let now = Monotonic.now()
            guard now < deadline else { return false }
            let next = min(deadline, now &+ 5_000_000)
            clock.wait { _ in Monotonic.now() >= next ? .found(()) : .nothingUntil(next) }
        }
        return true
    }

    /// Stops all threads.
    ///
    /// Invocations that are not over are dropped.
    public func stop() {
        census.drain()
        directory.stop()
        loader.stop()
        scheduler.stop()
        janitor.stop()
    }

    // MARK: - The routing table

    /// The table of this moment.
    public var table: RoutingTable { directory.table }

    /// Shows requests a function as the store has it now.
    ///
    /// Of the versions that the table has already, the loaded ones stay. An older revision than the table's is
    /// ignored. `prepared` is a version that was made ready beforehand.
    public func publish(_ function: StoredFunction, prepared: PreparedVersion? = nil) {
        directory.publish(function, prepared: prepared)
    }

    /// Lets requests find functions that are in the store, from which each is read when it is first called.
    ///
    /// Not for functions with routes of their own, which are found by those only once they are published.
    public func publishDormant(_ names: [String]) { directory.addDormant(names) }

    /// Hides a function from requests.
    public func withdraw(_ name: String) {
        directory.withdraw(name)
        metrics.forget(name)
    }

    /// Has the routing table hold a function that may be dormant.
    ///
    /// Blocks while the store is read.
    public func awaken(_ name: FunctionName) -> Awakening { directory.awaken(name) }

    /// The same on another thread, which then calls `body`.
    public func awaken(_ name: FunctionName, then body: @escaping @Sendable (Awakening) -> Void) {
        directory.awaken(name, then: body)
    }

    /// Decodes, links and initialises a module, or loads a script, and fills its pool.
    ///
    /// Blocks for as long as that takes, which limits bound. What is stored already need not be given.
    public func prepare(
        module digest: ModuleDigest,
        bytes: [UInt8]? = nil,
        code: VersionCode = VersionCode(),
        files: [StoredFile]? = nil,
        configuration: FunctionConfiguration,
        secrets: [Secret] = []
    ) throws(VersionError) -> PreparedModule {
        residents.makeRoom()
        let image = try images.makeImage(
            module: digest,
            bytes: bytes,
            code,
            files: files,
            configuration,
            secrets: secrets,
            translatesAhead: true
        )
        let loaded = try LoadedVersion(
            image,
            configuration: configuration,
            secrets: secrets,
            account: residents.account
        )
        return PreparedModule(loaded: loaded)
    }

    /// Decodes, links and starts a runtime's interpreter, and keeps its image for scripts to come.
    ///
    /// Blocks for as long as that takes, which limits bound.
    public func prepareRuntime(
        _ build: RuntimeBuild,
        module: [UInt8],
        files: [StoredFile]
    ) throws(VersionError) {
        residents.makeRoom()
        let image = try RuntimeImage(
            build,
            module: module,
            files: files,
            account: residents.account
        )
        images.runtimes.keep(image, build.digest)
    }
}

/// What the platform has to know of a stored version.
public struct VersionDescription: Sendable {
    public let number: Int
    public let digest: ModuleDigest
    public let configuration: FunctionConfiguration
    public let interface: GuestInterface
    public let code: VersionCode
    /// Why the version cannot serve: what is stored of it is damaged.
    public let fault: String?

    /// Describes a version.
    public init(
        number: Int,
        digest: ModuleDigest,
        code: VersionCode = VersionCode(),
        configuration: FunctionConfiguration,
        interface: GuestInterface,
        fault: String? = nil
    ) {
        self.number = number
        self.digest = digest
        self.code = code
        self.configuration = configuration
        self.interface = interface
        self.fault = fault
    }
}

/// A module made ready to serve before anybody can call it.
public struct PreparedModule: Sendable {
    let loaded: LoadedVersion
    /// How it is to be called.
    public var interface: GuestInterface { loaded.image.interface }
    /// What initialisation did that is seldom meant.
    public var warnings: [String] { loaded.image.warnings }

    /// The same as a certain version.
    public func version(_ number: Int) -> PreparedVersion {
        PreparedVersion(number: number, loaded: loaded)
    }
}

/// A prepared module that has become a version.
public struct PreparedVersion: Sendable {
    let number: Int
    let loaded: LoadedVersion
}
