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
    /// What the pool is short of since this one was taken.
    var shortage = PoolShortage.none
    /// Whether requests come so seldom that the pages this one writes are not kept for the next.
    var isRare = false
    /// What the account of memory has for it, in bytes.
    fileprivate(set) var accounted = 0
}

/// Whether a pool has fewer instances than it should.
enum PoolShortage {
    case none
    /// Fewer are ready than the configuration asks for: of no matter when the one in use comes back at once.
    case ofMinimum
    /// Fewer are ready than are likely to be needed at once.
    case ofDemand
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
        /// Whether its memory has to be had again before it serves.
        var isReleased = false
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

    /// What an instance that nobody uses keeps of its memory at most, in bytes.
    private static let unusedByteCountMax = 64 << 10
    /// How long nobody has to use an instance until it keeps no more than that, in nanoseconds.
    static let unusedNanoseconds: UInt64 = 1_000_000_000

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
        let (entry, missing, isRare) = state.withLock { state in
            let isRare = state.demand.taken(at: now)
            state.statistics.lastUse = now
            state.statistics.inUseCount += 1
            let entry = state.entries.popLast()
            if entry != nil {
                state.statistics.hitCount += 1
            } else {
                state.statistics.missCount += 1
            }
            return (entry, shortage(state, now), isRare)
        }
        do throws(VersionError) {
            let (instance, accounted) = try prepare(entry)
            return InstanceLease(
                instance: instance,
                kind: entry == nil ? .fresh : .pooled,
                takenAt: now,
                served: entry?.served ?? 0,
                shortage: missing,
                isRare: isRare,
                accounted: accounted
            )
        } catch {
            state.withLock { $0.statistics.inUseCount -= 1 }
            throw error
        }
    }

    /// What an entry has, with its memory, or an instance made anew; and what the account has for it.
    private func prepare(_ entry: Entry?) throws(VersionError) -> (Instance, Int) {
        guard let entry else {
            let instance = try image.makeInstance()
            return (instance, charge(instance, inPlaceOf: 0))
        }
        guard entry.isReleased else { return (entry.instance, entry.accounted) }
        image.reclaim(entry.instance)
        return (entry.instance, charge(entry.instance, inPlaceOf: entry.accounted))
    }

    /// Takes an instance back after a request that ended at the time `now`, and resets it.
    ///
    /// `isSound` says that the guest ended as it should: only then can it serve again as it is.
    /// To be called when the response has been sent: restoring a large memory takes a while.
    func give(
        back lease: consuming InstanceLease,
        isSound: Bool,
        now: UInt64
    ) {
        lease.served += 1
        var resetNanoseconds: UInt64?
        if !isSound || lease.served >= bounds.reuse {
            let begin = Monotonic.now()
            let isRestored = image.restore(
                lease.instance,
                releasingBeyond: lease.isRare ? Self.unusedByteCountMax : .max
            )
            guard isRestored else { return drop(lease) }
            lease.served = 0
            resetNanoseconds = Monotonic.now() &- begin
        }
        let entry = Entry(
            instance: lease.instance,
            served: lease.served,
            since: now,
            accounted: charge(lease.instance, inPlaceOf: lease.accounted),
            isReleased: lease.isRare && lease.instance.isReleased
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

    /// How many instances should be ready.
    private func wanted(_ state: State, _ now: UInt64) -> (minimum: Int, demand: Int) {
        guard !state.isRetired else { return (0, 0) }
        let expected = state.demand.expected(at: now) - state.statistics.inUseCount
        return (bounds.minimum, min(expected, bounds.maximum))
    }

    private func shortage(_ state: State, _ now: UInt64) -> PoolShortage {
        let wanted = wanted(state, now)
        if wanted.demand > state.entries.count { return .ofDemand }
        return wanted.minimum > state.entries.count ? .ofMinimum : .none
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
        while state.withLock({ shortage($0, Monotonic.now()) }) != .none {
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

    /// Drops instances that nobody has needed for the idle time, but for the minimum, and has the others keep little
    /// memory.
    func trim(now: UInt64) {
        defer { releaseUnused(now) }
        dropEntries { state in
            let surplus = max(0, state.entries.count - bounds.minimum)
            let idle = state.entries.prefix(surplus).prefix {
                now &- min($0.since, now) >= bounds.idleNanoseconds
            }
            state.statistics.idleDropCount += idle.count
            return idle.count
        }
    }

    /// Gives back most of the memory of instances that nobody has used for a while.
    private func releaseUnused(_ now: UInt64) {
        while let entry = takeUnused(now) {
            image.release(entry.instance)
            let released = Entry(
                instance: entry.instance,
                served: 0,
                since: entry.since,
                accounted: charge(entry.instance, inPlaceOf: entry.accounted),
                isReleased: true
            )
            let isKept = state.withLock { state in
                guard !state.isRetired, state.entries.count < bounds.maximum else { return false }
                state.entries.insert(released, at: 0)
                return true
            }
            if !isKept { discharge(released.accounted) }
        }
    }

    /// Takes out an instance that has much memory though nobody has used it for a while.
    private func takeUnused(_ now: UInt64) -> Entry? {
        state.withLock { state in
            let place = state.entries.firstIndex { entry in
                entry.served == 0 && entry.accounted > Self.unusedByteCountMax
                    && now &- min(entry.since, now) >= Self.unusedNanoseconds
                    && image.canRelease && !entry.isReleased
            }
            return place.map { state.entries.remove(at: $0) }
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
