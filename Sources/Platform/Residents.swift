import Linux
import Synchronization

/// The versions that are in memory, and what they take together.
///
/// Any thread.
final class Residents: Sendable {
    let account: MemoryAccount

    /// What happened, for people.
    struct Statistics {
        /// Versions brought into memory, and given up for want of it.
        var loadCount = 0
        var evictedVersionCount = 0
        /// What the pools counted of versions that are not in memory any more.
        var departed = PoolReport.Counts()
    }

    private struct State {
        var versions: [ObjectIdentifier: FunctionVersion] = [:]
        var statistics = Statistics()
        private var evictedCountSeen = 0

        /// Whether more versions have been given up than when it was asked last.
        mutating func noteEvictions(_ count: Int) -> Bool {
            defer { evictedCountSeen = count }
            return count > evictedCountSeen
        }
    }

    private let state = Mutex(State())

    /// How long a version stays that no alias leads to and nobody calls.
    private let warmNanoseconds: UInt64

    init(account: MemoryAccount, warmNanoseconds: UInt64 = .max) {
        self.account = account
        self.warmNanoseconds = warmNanoseconds
    }

    var versions: [FunctionVersion] { state.withLock { Array($0.versions.values) } }

    var statistics: Statistics { state.withLock { $0.statistics } }

    /// Puts a version into memory; false when nobody can call it any more.
    func install(_ loaded: LoadedVersion, as version: FunctionVersion) -> Bool {
        // Before it can be withdrawn, which removes it from the list.
        state.withLock { $0.versions[ObjectIdentifier(version)] = version }
        guard version.install(loaded) else {
            remove(version, forever: true)
            return false
        }
        state.withLock { $0.statistics.loadCount += 1 }
        return true
    }

    /// Takes a version out of memory: nobody can call it any more, or its memory is needed.
    func remove(_ version: FunctionVersion, forever: Bool) {
        let loaded = version.unload(forever: forever)
        let departed = loaded.map { PoolReport.Counts(departing: $0.pool.statistics) }
        state.withLock { state in
            state.versions.removeValue(forKey: ObjectIdentifier(version))
            if let departed { state.statistics.departed += departed }
        }
    }

    /// Gives up what is idle, and what there is no memory for.
    func sweep() {
        let now = Monotonic.now()
        for version in versions {
            guard let loaded = version.loaded else { continue }
            loaded.updateAccount()
            guard let since = version.uses.unreferencedSince else {
                loaded.pool.trim(now: now)
                continue
            }
            // Until then it stays as it is: somebody may want to go back to it.
            let statistics = loaded.pool.statistics
            let lastUse = max(since, statistics.lastUse)
            guard statistics.inUseCount == 0, now &- min(lastUse, now) >= warmNanoseconds else {
                continue
            }
            remove(version, forever: false)
        }
        makeRoom()
        let evictedCount = statistics.evictedVersionCount
        guard state.withLock({ $0.noteEvictions(evictedCount) }) else { return }
        // What many small objects leave behind is only given back on request.
        ProcessMemory.trim()
    }

    /// Gives up half of the instances that are ready: the system refused a mapping for another.
    func relieve() {
        let pools = versions.compactMap { $0.loaded?.pool }
            .map { (pool: $0, statistics: $0.statistics) }
            .filter { $0.statistics.readyCount > 0 }
            .sorted { $0.statistics.lastUse < $1.statistics.lastUse }
        for entry in pools.prefix((pools.count + 1) / 2) { entry.pool.evict() }
    }

    /// Gives up what was used least recently, until the account is within its budget: first the instances that
    /// are ready, function by function, then images and code.
    ///
    /// Goes a tenth below the budget, so that it is not needed again at once.
    func makeRoom() {
        guard account.excess > 0 else { return }
        let goal = account.byteCountMax / 10 * 9
        let loaded =
            versions
            .compactMap { version in version.loaded.map { (version, $0, $0.pool.statistics) } }
            .sorted { $0.2.lastUse < $1.2.lastUse }
        for (_, loaded, _) in loaded where account.byteCount > goal {
            loaded.pool.evict()
        }
        for (version, _, statistics) in loaded where account.byteCount > goal {
            guard statistics.inUseCount == 0 else { continue }
            remove(version, forever: false)
            state.withLock { $0.statistics.evictedVersionCount += 1 }
        }
    }
}
