import Linux
public import Store
import Synchronization

/// The functions that requests can reach: the routing table of the moment, and what brings it up to date.
///
/// A function that nobody has called for a while is dormant: the table knows that it exists, in four bytes, and all
/// else is in the store, from which it is read again when it is called. Functions with routes of their own stay, since
/// requests for them do not tell their names.
///
/// Any thread.
final class FunctionDirectory: Sendable {
    // Readers compare the generation with that of their own copy: the lock is only taken when a
    // table has been replaced.
    private let generation = Atomic<UInt64>(0)
    private let current = Mutex(RoutingTable())

    private let residents: Residents
    private let source: FunctionSource
    private let serverSoftware: String
    private let dormantAfterNanoseconds: UInt64

    private struct Wish {
        let name: FunctionName
        let isGranted: @Sendable (Awakening) -> Void
    }

    private struct State {
        var wishes = FIFO<Wish>()
        var isStopping = false
    }

    private let monitor = Monitor(State())
    private let threads = ThreadGroup()

    /// Starts the thread that reads functions from the store.
    init(
        residents: Residents,
        options: PlatformOptions,
        source: @escaping FunctionSource
    ) throws(SystemError) {
        self.residents = residents
        self.source = source
        serverSoftware = options.serverSoftware
        dormantAfterNanoseconds = UInt64(options.dormantAfterMilliseconds) * 1_000_000
        try threads.spawn(name: "directory") { [unowned self] in
            while let wish = nextWish() { wish.isGranted(awaken(wish.name)) }
        }
    }

    /// Stops the thread; who waits for a function is told that it is not available.
    func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
        threads.joinAll()
        let left = monitor.withLock { state in
            defer { state.wishes = FIFO() }
            return state.wishes
        }
        var wishes = left
        while let wish = wishes.popFirst() { wish.isGranted(.failed("the server is stopping")) }
    }

    // MARK: - The table

    /// The table of this moment.
    var table: RoutingTable { current.withLock { $0 } }

    /// Brings a reader's copy up to date.
    func refresh(_ table: inout RoutingTable, _ seen: inout UInt64) {
        // Paired with the release in `change`: whoever sees the number finds the table.
        let now = generation.load(ordering: .acquiring)
        guard now != seen else { return }
        seen = now
        table = self.table
    }

    /// Changes the table, unless `body` answers that it did not.
    func change(_ body: (inout RoutingTable) -> Bool) {
        current.withLock { table in
            guard body(&table) else { return }
            generation.add(1, ordering: .releasing)
        }
    }

    /// Shows requests a function as the store has it now.
    func publish(_ stored: StoredFunction, prepared: PreparedVersion? = nil) {
        change { publish(stored, prepared: prepared, in: &$0) }
    }

    private func publish(
        _ stored: StoredFunction,
        prepared: PreparedVersion? = nil,
        in table: inout RoutingTable
    ) -> Bool {
        let record = stored.record
        guard let name = FunctionName(record.name) else { return false }
        let old = table[record.name]
        if let old, old.revision >= record.revision, !Self.isMended(old, by: stored) {
            return false
        }
        let gate = old?.gate ?? FunctionGate()
        let known = Dictionary(uniqueKeysWithValues: (old?.versions ?? []).map { ($0.number, $0) })
        let versions = stored.versions.map { description in
            let version =
                known[description.number].flatMap {
                    $0.fault == nil || description.fault != nil ? $0 : nil
                }
                ?? FunctionVersion(
                    function: name,
                    number: description.number,
                    digest: description.digest,
                    code: description.code,
                    configuration: description.configuration,
                    interface: description.interface,
                    fault: description.fault,
                    gate: gate,
                    serverSoftware: serverSoftware
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
            versions: versions,
            aliases: AliasTarget.targets(of: record, versions),
            gate: gate
        )
        function.noteReferences()
        table.replace(record.name, with: function)
        return true
    }

    /// Whether a version could not serve that can now, of the state of a function that is published already.
    private static func isMended(_ old: Function, by stored: StoredFunction) -> Bool {
        let sound = Set(stored.versions.lazy.filter { $0.fault == nil }.map(\.number))
        return old.revision == stored.record.revision
            && old.versions.contains { $0.fault != nil && sound.contains($0.number) }
    }

    /// Hides a function from requests.
    func withdraw(_ name: String) {
        change { table in
            for version in table[name]?.versions ?? [] {
                residents.remove(version, forever: true)
            }
            return table.remove(name)
        }
    }

    // MARK: - Dormant functions

    /// Lets requests find functions that are in the store.
    func addDormant(_ names: [String]) {
        change { table in
            for name in names { table.addDormant(name) }
            return true
        }
    }

    /// Reads a dormant function from the store, on this thread, which that blocks.
    func awaken(_ name: FunctionName) -> Awakening {
        for _ in 0..<Self.readsMax {
            let before = table
            guard before[name.description] == nil else { return .awake }
            do {
                guard let stored = try source(name) else { return .missing }
                change { table in
                    // What was withdrawn since the store was read stays away: it is read again.
                    guard table.withdrawalCount == before.withdrawalCount else { return false }
                    return publish(stored, in: &table)
                }
            } catch {
                return .failed("\(error)")
            }
        }
        return table[name.description] == nil ? .failed("functions are deleted too fast") : .awake
    }

    /// How often a function is read from the store while others are withdrawn.
    private static let readsMax = 16

    /// Reads a dormant function from the store soon, and tells so on another thread.
    func awaken(_ name: FunctionName, then body: @escaping @Sendable (Awakening) -> Void) {
        let isTaken = monitor.withLock { state in
            guard !state.isStopping else { return false }
            state.wishes.append(Wish(name: name, isGranted: body))
            return true
        }
        guard isTaken else { return body(.failed("the server is stopping")) }
        monitor.signal()
    }

    private func nextWish() -> Wish? {
        monitor.wait { state in
            if state.isStopping { return .found(nil) }
            return state.wishes.popFirst().map { .found($0) } ?? .nothing
        }
    }

    /// Gives functions up that nobody has called for so long, with their code and their instances.
    func giveUpIdle(now: UInt64) {
        let idle = table.functions.filter { isIdle($0, now: now) }
        guard !idle.isEmpty else { return }
        change { table in
            for function in idle where table[function.name.description] === function {
                for version in function.versions { residents.remove(version, forever: false) }
                table.makeDormant(function.name.description)
            }
            return true
        }
    }

    private func isIdle(_ function: Function, now: UInt64) -> Bool {
        guard function.gate.idleNanoseconds(now: now) >= dormantAfterNanoseconds else {
            return false
        }
        // Who asks for several instances at all times is to find them.
        guard function.liveVersion?.configuration.routes.isEmpty ?? true,
            function.liveVersion?.configuration.pool.minimum ?? 0 <= 1
        else { return false }
        return function.versions.allSatisfy { $0.loaded?.pool.statistics.inUseCount ?? 0 == 0 }
    }
}

/// Finds a function in the store; nil when it is not there.
///
/// Blocks.
public typealias FunctionSource = @Sendable (FunctionName) throws -> StoredFunction?

/// A function as the store has it, with all versions that requests may name.
public struct StoredFunction: Sendable {
    let record: FunctionRecord
    public let versions: [VersionDescription]

    /// Puts a function together.
    public init(_ record: FunctionRecord, versions: [VersionDescription]) {
        self.record = record
        self.versions = versions
    }
}

/// What came of bringing a dormant function back.
public enum Awakening: Equatable, Sendable {
    /// Requests find it in the routing table.
    case awake
    /// There is no such function.
    case missing
    /// The store could not tell.
    case failed(String)
}
