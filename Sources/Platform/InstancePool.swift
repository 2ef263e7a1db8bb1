import Linux
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
}

/// An instance that one invocation has to itself.
struct InstanceLease {
    let instance: Instance
    let kind: StartKind
    /// How many requests it has served since its state was pristine.
    var served = 0
}

/// Instances of one version that are ready to serve: in the state of the snapshot, or, for a
/// function that asks for reuse, in the state that an earlier request left.
///
/// Any thread may take and give back. What is given back is reset here, so that nothing but a
/// pristine instance (or one that may be reused) is ever in the pool.
final class InstancePool: Sendable {
    struct Bounds {
        var minimum: Int
        var maximum: Int
        var idleNanoseconds: UInt64
        var reuse: Int
    }

    private struct Entry {
        let instance: Instance
        let served: Int
        let since: UInt64
    }

    private let image: VersionImage
    private let bounds: Bounds
    private let entries = Mutex<[Entry]>([])

    init(_ image: VersionImage, bounds: Bounds) {
        self.image = image
        self.bounds = bounds
    }

    /// Makes instances until the minimum is there.
    func fill() throws(VersionError) {
        while readyCount < bounds.minimum {
            let instance = try image.makeInstance()
            let now = Monotonic.now()
            entries.withLock { $0.append(Entry(instance: instance, served: 0, since: now)) }
        }
    }

    /// How many instances are ready.
    var readyCount: Int { entries.withLock { $0.count } }

    /// Takes an instance, or makes one.
    func take() throws(VersionError) -> InstanceLease {
        if let entry = entries.withLock({ $0.popLast() }) {
            return InstanceLease(instance: entry.instance, kind: .pooled, served: entry.served)
        }
        return InstanceLease(instance: try image.makeInstance(), kind: .fresh)
    }

    /// Takes an instance back after a request, at the time `now`.
    ///
    /// `isSound` says that the guest ended as it should: only then can it serve again as it is.
    /// To be called when the response has been sent: restoring a large memory takes a while.
    func give(back lease: consuming InstanceLease, isSound: Bool, now: UInt64) {
        lease.served += 1
        if !isSound || lease.served >= bounds.reuse {
            guard image.restore(lease.instance) else { return }
            lease.served = 0
        }
        let entry = Entry(instance: lease.instance, served: lease.served, since: now)
        entries.withLock { entries in
            if entries.count < bounds.maximum { entries.append(entry) }
        }
    }

    /// Drops instances above the minimum that nobody has needed for the idle time.
    ///
    /// The last one given back is taken first, so the first ones are those that were not needed.
    func trim(now: UInt64) {
        let dropped = entries.withLock { entries in
            let surplus = max(0, entries.count - bounds.minimum)
            let idle = entries.prefix(surplus).prefix {
                now &- $0.since >= bounds.idleNanoseconds
            }
            let dropped = Array(idle)
            entries.removeFirst(dropped.count)
            return dropped
        }
        // Unmapping happens here, outside the lock.
        _ = consume dropped
    }
}
