/// Deadlines of many connections, kept coarsely in a ring of slots.
///
/// Times are nanoseconds. An entry fires at the first tick after its deadline. Entries are never
/// removed: whoever owns one checks, when it fires, whether it still means anything. A deadline
/// beyond the ring's span fires early, at its end, and is inserted again.
struct TimerWheel {
    private let tickNanoseconds: UInt64
    private var slots: [[UInt64]]
    private var currentTick: UInt64
    private var nextTick = UInt64.max

    init(tickMilliseconds: Int, slotCount: Int = 1024, now: UInt64) {
        tickNanoseconds = UInt64(max(1, tickMilliseconds)) * 1_000_000
        slots = Array(repeating: [], count: slotCount)
        currentTick = now / tickNanoseconds
    }

    /// Adds an entry and returns the time at which it fires.
    mutating func insert(_ token: UInt64, deadline: UInt64) -> UInt64 {
        let wanted = deadline / tickNanoseconds &+ 1
        let tick = min(max(wanted, currentTick + 1), currentTick + UInt64(slots.count) - 1)
        slots[Int(tick % UInt64(slots.count))].append(token)
        nextTick = min(nextTick, tick)
        return tick * tickNanoseconds
    }

    /// Nanoseconds from `now` until the next entry may fire; nil when there is none.
    func untilNext(now: UInt64) -> UInt64? {
        guard nextTick != .max else { return nil }
        let time = nextTick * tickNanoseconds
        return time > now ? time - now : 0
    }

    /// Moves to `now` and appends the tokens of all entries that fire to `fired`.
    mutating func advance(to now: UInt64, fired: inout [UInt64]) {
        let tick = now / tickNanoseconds
        guard tick >= nextTick else {
            currentTick = max(currentTick, tick)
            return
        }
        let count = UInt64(slots.count)
        let first = max(currentTick + 1, min(nextTick, tick))
        for step in first...max(first, min(tick, currentTick + count)) {
            let slot = Int(step % count)
            fired.append(contentsOf: slots[slot])
            slots[slot].removeAll(keepingCapacity: true)
        }
        currentTick = max(currentTick, tick)
        nextTick = .max
        for step in 1..<count where !slots[Int((currentTick + step) % count)].isEmpty {
            nextTick = currentTick + step
            break
        }
    }
}
