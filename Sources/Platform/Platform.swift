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
    let janitor: Janitor
    let residents: Residents
    /// Stacks for guests, to be used again.
    let stacks: FreeList<ValueStack>
    let census: Census

    private let log: InvocationStore

    // Readers compare the generation with that of their own copy: the lock is only taken when a
    // table has been replaced.
    private let generation = Atomic<UInt64>(0)
    private let current = Mutex(RoutingTable())

    /// Starts the threads.
    ///
    /// `modules` finds the bytes of a stored module; it is called on a thread that may block.
    public init(
        options: PlatformOptions,
        log: InvocationStore,
        modules: @escaping @Sendable (ModuleDigest) throws -> [UInt8]?
    ) throws(SystemError) {
        self.options = options
        self.log = log
        census = Census(countMax: options.invocationsMax)
        let residents = Residents(account: MemoryAccount(byteCountMax: options.residentBytesMax))
        self.residents = residents
        scheduler = try Scheduler(workerCount: options.workerCount)
        do throws(SystemError) {
            loader = try Loader(source: modules, residents: residents)
        } catch {
            scheduler.stop()
            throw error
        }
        do throws(SystemError) {
            janitor = try Janitor { residents.sweep() }
        } catch {
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
        loader.stop()
        scheduler.stop()
        janitor.stop()
    }

    // MARK: - The routing table

    /// The table of this moment.
    public var table: RoutingTable { current.withLock { $0 } }

    /// Brings a reader's copy up to date.
    func refresh(_ table: inout RoutingTable, _ seen: inout UInt64) {
        // Paired with the release in `change`: whoever sees the number finds the table.
        let now = generation.load(ordering: .acquiring)
        guard now != seen else { return }
        seen = now
        table = self.table
    }

    /// Changes the table, unless `body` answers that it did not.
    private func change(_ body: (inout RoutingTable) -> Bool) {
        current.withLock { table in
            guard body(&table) else { return }
            generation.add(1, ordering: .releasing)
        }
    }

    /// Shows requests a function as the store has it now.
    ///
    /// `versions` are all versions that requests may name; of those that the table has already, the
    /// loaded ones stay. An older revision than the table's is ignored. `prepared` is a
    /// version that was made ready beforehand.
    public func publish(
        _ record: FunctionRecord,
        versions: [VersionDescription],
        prepared: PreparedVersion? = nil
    ) {
        guard let name = FunctionName(record.name) else { return }
        change { table in
            let old = table[record.name]
            if let old, old.revision >= record.revision { return false }
            let gate = old?.gate ?? FunctionGate()
            let known = Dictionary(
                uniqueKeysWithValues: (old?.versions ?? []).map { ($0.number, $0) }
            )
            let made = versions.map { description in
                let version =
                    known[description.number]
                    ?? FunctionVersion(
                        function: name,
                        number: description.number,
                        digest: description.digest,
                        configuration: description.configuration,
                        interface: description.interface,
                        gate: gate,
                        serverSoftware: options.serverSoftware
                    )
                if let prepared, prepared.number == description.number {
                    _ = residents.install(prepared.loaded, as: version)
                }
                return version
            }
            let kept = Set(versions.map(\.number))
            for version in old?.versions ?? [] where !kept.contains(version.number) {
                residents.remove(version, forever: true)
            }
            let function = Function(
                name: name,
                revision: record.revision,
                versions: made,
                aliases: Self.aliases(of: record, made),
                gate: gate
            )
            table.replace(record.name, with: function)
            return true
        }
    }

    /// Hides a function from requests.
    public func withdraw(_ name: String) {
        change { table in
            guard let function = table[name] else { return false }
            for version in function.versions { residents.remove(version, forever: true) }
            table.replace(name, with: nil)
            return true
        }
    }

    /// Decodes, links and initialises a module, and fills its pool.
    ///
    /// Blocks for as long as that takes, which limits bound.
    public func prepare(
        _ module: [UInt8],
        configuration: FunctionConfiguration
    ) throws(VersionError) -> PreparedModule {
        residents.makeRoom()
        let image = try VersionImage(
            module: module,
            configuration: configuration,
            translatesAhead: true
        )
        let loaded = try LoadedVersion(
            image,
            configuration: configuration,
            account: residents.account
        )
        return PreparedModule(loaded: loaded)
    }

    private static func aliases(
        of record: FunctionRecord,
        _ versions: [FunctionVersion]
    ) -> [(name: String, target: AliasTarget)] {
        func version(_ number: Int) -> FunctionVersion? { versions.first { $0.number == number } }
        return record.aliases.compactMap { alias in
            guard let main = version(alias.version) else { return nil }
            let shares = alias.weights.sorted { $0.key < $1.key }.compactMap { number, share in
                version(number).map { (version: $0, share: share) }
            }
            return (alias.name, AliasTarget(version: main, shares: shares))
        }
    }
}

/// What the platform has to know of a stored version.
public struct VersionDescription: Sendable {
    public let number: Int
    public let digest: ModuleDigest
    public let configuration: FunctionConfiguration
    public let interface: GuestInterface

    /// Describes a version.
    public init(
        number: Int,
        digest: ModuleDigest,
        configuration: FunctionConfiguration,
        interface: GuestInterface
    ) {
        self.number = number
        self.digest = digest
        self.configuration = configuration
        self.interface = interface
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
