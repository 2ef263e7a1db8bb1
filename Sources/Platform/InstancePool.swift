import Linux
import Store
import Synchronization
import Wasm

/// How an invocation got its instance.
public enum StartKind: String, CaseIterable, Sendable {
    /// It took one that was ready.
    case pooled
    /// None was ready: one was made from the snapshot.
    case fresh
    /// The module was not in memory: it was loaded, initialised and captured first.
    case compiled

    /// The same in a record.
    var recorded: InvocationStart {
        switch self {
        case .pooled: .pooled
        case .fresh: .fresh
        case .compiled: .compiled
        }
    }
}

/// An instance that one invocation has to itself.
struct InstanceLease {
    let instance: Instance
    let kind: StartKind
    /// When it was taken, on the monotonic clock.
    var takenAt: UInt64 = 0
    /// How many requests it has served since its state was pristine.
    var served = 0
    /// Whether the pool is short of instances since this one was taken.
    var leavesShortage = false
    /// What the account of memory has for it, in bytes.
    fileprivate(set) var accounted = 0
}

/// Instances of one version that are ready to serve: in the state of the snapshot, or, for a
/// function that asks for reuse, in the state that an earlier request left.
///
/// Any thread may take and give back. What is given back is reset before it is in the pool, so that nothing
/// but a pristine instance (or one that may be reused) ever is.
final class InstancePool: Sendable {
    struct Bounds {
        var minimum: Int
        var maximum: Int
        var idleNanoseconds: UInt64
        var reuse: Int
    }

    /// What happened, for people.
    struct Statistics {
        var readyCount = 0
        var inUseCount = 0
        /// Bytes of all its instances that they share with nobody.
        var privateByteCount = 0
        var hitCount = 0
        var missCount = 0
        var resetCount = 0
        var resetNanoseconds: UInt64 = 0
        var refillCount = 0
        /// Instances given up because they were idle, or because memory ran short.
        var idleDropCount = 0
        var evictionCount = 0
        var lastUse: UInt64 = 0
    }

    private struct Entry {
        let instance: Instance
        let served: Int
        let since: UInt64
        let accounted: Int
    }

    private struct State {
        /// The last one given back is taken first: the first ones are those that nobody needs.
        var entries: [Entry] = []
        var statistics = Statistics()
        var demand = PoolDemand()
        var isRefillPending = false
        /// The version is not in memory any more: what comes back is dropped.
        var isRetired = false
        /// Moving average of what a reset takes, in nanoseconds.
        var resetCost: UInt64 = 0
    }

    private let image: VersionImage
    private let bounds: Bounds
    private let account: MemoryAccount
    private let state = Mutex(State())

    /// Resets that take longer than this are done by the janitor, in nanoseconds.
    private static let resetCostMax: UInt64 = 100_000

    init(_ image: VersionImage, bounds: Bounds, account: MemoryAccount) {
        self.image = image
        self.bounds = bounds
        self.account = account
    }

    deinit { retire() }

    var statistics: Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.readyCount = state.entries.count
            return statistics
        }
    }

    // MARK: - Taking and giving back

    /// Takes an instance, or makes one, at the time `now`.
    func take(now: UInt64) throws(VersionError) -> InstanceLease {
        let (entry, leavesShortage) = state.withLock { state in
            state.demand.taken(at: now)
            state.statistics.lastUse = now
            state.statistics.inUseCount += 1
            let entry = state.entries.popLast()
            if entry != nil {
                state.statistics.hitCount += 1
            } else {
                state.statistics.missCount += 1
            }
            return (entry, shortage(state, now) > 0)
        }
        if let entry {
            return InstanceLease(
                instance: entry.instance,
                kind: .pooled,
                takenAt: now,
                served: entry.served,
                leavesShortage: leavesShortage,
                accounted: entry.accounted
            )
        }
        do throws(VersionError) {
            let instance = try image.makeInstance()
            let accounted = charge(instance, inPlaceOf: 0)
            return InstanceLease(
                instance: instance,
                kind: .fresh,
                takenAt: now,
                leavesShortage: leavesShortage,
                accounted: accounted
            )
        } catch {
            state.withLock { $0.statistics.inUseCount -= 1 }
            throw error
        }
    }

    /// Takes an instance back after a request that ended at the time `now`, and resets it.
    ///
    /// `isSound` says that the guest ended as it should: only then can it serve again as it is. `hadNoFault` says
    /// that no thread which ran the instance for this request had a page fault meanwhile.
    /// To be called when the response has been sent: restoring a large memory takes a while.
    func give(
        back lease: consuming InstanceLease,
        isSound: Bool,
        now: UInt64,
        hadNoFault: Bool = false
    ) {
        lease.served += 1
        var resetNanoseconds: UInt64?
        if !isSound || lease.served >= bounds.reuse {
            let begin = Monotonic.now()
            guard image.restore(lease.instance, wroteKnownPagesOnly: hadNoFault) else {
                return drop(lease)
            }
            lease.served = 0
            resetNanoseconds = Monotonic.now() &- begin
        } else if !hadNoFault {
            lease.instance.forgetOwnPages()
        }
        let entry = Entry(
            instance: lease.instance,
            served: lease.served,
            since: now,
            accounted: charge(lease.instance, inPlaceOf: lease.accounted)
        )
        let takenAt = lease.takenAt
        let isKept = state.withLock { state in
            state.statistics.inUseCount -= 1
            state.demand.givenBack(after: now &- min(takenAt, now))
            if let resetNanoseconds {
                state.statistics.resetCount += 1
                state.statistics.resetNanoseconds += resetNanoseconds
                // One that was interrupted by something else says nothing of the next.
                let sample = min(resetNanoseconds, 2 * state.resetCost + 10_000)
                state.resetCost = (state.resetCost * 7 + sample) / 8
            }
            guard !state.isRetired, state.entries.count < bounds.maximum else { return false }
            state.entries.append(entry)
            return true
        }
        if !isKept { discharge(entry.accounted) }
    }

    /// Whether resets take so long that a thread which has something better to do should not do them.
    var resetsAreDear: Bool { state.withLock { $0.resetCost > Self.resetCostMax } }

    private func drop(_ lease: borrowing InstanceLease) {
        state.withLock { $0.statistics.inUseCount -= 1 }
        discharge(lease.accounted)
    }

    // MARK: - Size

    /// How many instances are missing: to the minimum, and to what is likely to be needed at once.
    private func shortage(_ state: State, _ now: UInt64) -> Int {
        guard !state.isRetired else { return 0 }
        let expected = state.demand.expected(at: now) - state.statistics.inUseCount
        let wanted = min(max(bounds.minimum, expected), bounds.maximum)
        return wanted - state.entries.count
    }

    /// Has a janitor make the instances that are missing, unless that is under way.
    func requestRefill(by janitor: Janitor) {
        let isFirst = state.withLock { state in
            defer { state.isRefillPending = true }
            return !state.isRefillPending
        }
        guard isFirst, !janitor.submit(.refill(self)) else { return }
        state.withLock { $0.isRefillPending = false }
    }

    /// Makes the instances that are missing.
    func refill() throws(VersionError) {
        defer { state.withLock { $0.isRefillPending = false } }
        while state.withLock({ shortage($0, Monotonic.now()) }) > 0 {
            let instance = try image.makeInstance()
            let entry = Entry(
                instance: instance,
                served: 0,
                since: Monotonic.now(),
                accounted: charge(instance, inPlaceOf: 0)
            )
            let isKept = state.withLock { state in
                guard !state.isRetired, state.entries.count < bounds.maximum else { return false }
                // Those that have served are taken first: their pages are there.
                state.entries.insert(entry, at: 0)
                state.statistics.refillCount += 1
                return true
            }
            guard isKept else { return discharge(entry.accounted) }
        }
    }

    /// Drops instances that nobody has needed for the idle time, but for the minimum.
    func trim(now: UInt64) {
        dropEntries { state in
            let surplus = max(0, state.entries.count - bounds.minimum)
            let idle = state.entries.prefix(surplus).prefix {
                now &- min($0.since, now) >= bounds.idleNanoseconds
            }
            state.statistics.idleDropCount += idle.count
            return idle.count
        }
    }

    /// Drops every instance that is ready, for want of memory.
    func evict() {
        dropEntries { state in
            state.statistics.evictionCount += state.entries.count
            return state.entries.count
        }
    }

    /// Drops every instance that is ready, and all that will be given back.
    func retire() {
        state.withLock { $0.isRetired = true }
        dropEntries { $0.entries.count }
    }

    /// Drops as many of the first entries as `body` says.
    private func dropEntries(_ body: (inout State) -> Int) {
        let dropped = state.withLock { state in
            let count = body(&state)
            let dropped = Array(state.entries.prefix(count))
            state.entries.removeFirst(count)
            return dropped
        }
        // Unmapping happens here, outside the lock.
        discharge(dropped.reduce(0) { $0 + $1.accounted })
    }

    // MARK: - Memory

    /// Enters what an instance takes now in the account.
    private func charge(_ instance: Instance, inPlaceOf old: Int) -> Int {
        let byteCount = instance.privateByteCount
        guard byteCount != old else { return old }
        account.add(byteCount - old)
        state.withLock { $0.statistics.privateByteCount += byteCount - old }
        return byteCount
    }

    private func discharge(_ byteCount: Int) {
        guard byteCount != 0 else { return }
        account.add(-byteCount)
        state.withLock { $0.statistics.privateByteCount -= byteCount }
    }
}
