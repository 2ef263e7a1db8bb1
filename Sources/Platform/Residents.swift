import Linux
import Synchronization

/// The versions that are in memory, and what they take together.
///
/// Any thread.
final class Residents: Sendable {
    let account: MemoryAccount

    /// How many versions and instances were given up for want of memory.
    struct Statistics {
        var evictedVersionCount = 0
        var evictedInstanceBytes = 0
    }

    private struct State {
        var versions: [ObjectIdentifier: FunctionVersion] = [:]
        var statistics = Statistics()
    }

    private let state = Mutex(State())

    init(account: MemoryAccount) { self.account = account }

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
        return true
    }

    /// Takes a version out of memory: nobody can call it any more, or its memory is needed.
    func remove(_ version: FunctionVersion, forever: Bool) {
        version.unload(forever: forever)
        state.withLock { _ = $0.versions.removeValue(forKey: ObjectIdentifier(version)) }
    }

    /// Gives up what is idle, and what there is no memory for.
    func sweep() {
        let now = Monotonic.now()
        for version in versions {
            guard let loaded = version.loaded else { continue }
            loaded.updateAccount()
            loaded.pool.trim(now: now)
        }
        makeRoom()
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
            let freed = loaded.pool.evict()
            state.withLock { $0.statistics.evictedInstanceBytes += freed }
        }
        for (version, _, statistics) in loaded where account.byteCount > goal {
            guard statistics.inUseCount == 0 else { continue }
            remove(version, forever: false)
            state.withLock { $0.statistics.evictedVersionCount += 1 }
        }
    }
}
