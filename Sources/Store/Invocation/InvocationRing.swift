internal import Synchronization

/// Where one event loop or worker leaves its records for the writer.
///
/// Bounded: when the writer falls behind, records are dropped and counted. A mutex guards it that
/// is only ever held for the move of one record, or for a swap of two arrays.
public final class InvocationRing: Sendable {
    private struct State {
        var records: [InvocationRecord] = []
        // The writer's emptied array, swapped in at the next drain, so that neither reallocates.
        var spare: [InvocationRecord] = []
        var logBytes = 0
        var appended = 0
        var dropped = 0
        var sampledOut = 0
        var chances = ChanceGenerator()
        var isShut = false
    }

    private let recordsMax: Int
    private let logBytesMax: Int
    private let sampleSuccesses: Double
    private let state = Mutex(State())
    private let wake: @Sendable () -> Void

    init(_ limits: InvocationStore.Limits, wake: @escaping @Sendable () -> Void) {
        recordsMax = max(1, limits.ringRecords)
        logBytesMax = limits.ringLogBytes
        sampleSuccesses = limits.sampleSuccesses
        self.wake = wake
        let capacity = self.recordsMax
        state.withLock { state in
            state.records.reserveCapacity(capacity)
            state.spare.reserveCapacity(capacity)
        }
    }

    /// Leaves a record to be stored.
    ///
    /// Any thread; about 100 ns; never waits for the disk. A record of a success is stored with the
    /// probability `share`, or the store's own when that is nil.
    ///
    /// Returns `false` when the ring is full: the record is dropped and counted. One that the sample
    /// leaves out is counted too, but no loss.
    @discardableResult
    public func append(_ record: consuming InvocationRecord, share: Double? = nil) -> Bool {
        append(taking: &record, share: share)
    }

    /// The same, leaving an empty record behind: a closure can take nothing else away without a copy.
    @discardableResult
    public func append(taking record: inout InvocationRecord, share: Double? = nil) -> Bool {
        var logBytes = 0
        for line in record.lines { logBytes += line.text.utf8.count }
        let share = share ?? sampleSuccesses
        let isSampled = share < 1 && record.isSuccess
        let count = state.withLock { state -> Int? in
            state.appended &+= 1
            if isSampled, state.chances.next() >= share {
                state.sampledOut &+= 1
                return 0
            }
            guard !state.isShut, state.records.count < recordsMax,
                state.logBytes + logBytes <= logBytesMax
            else {
                state.dropped &+= 1
                return nil
            }
            var taken = InvocationRecord.empty
            swap(&taken, &record)
            state.records.append(taken)
            state.logBytes += logBytes
            return state.records.count
        }
        guard let count else { return false }
        if count == (recordsMax + 1) / 2 { wake() }
        return true
    }

    /// Whether a record would not be dropped now.
    func hasRoom(for record: InvocationRecord) -> Bool {
        let logBytes = record.lines.reduce(0) { $0 + $1.text.utf8.count }
        return state.withLock {
            $0.records.count < recordsMax && $0.logBytes + logBytes <= logBytesMax
        }
    }

    /// Whether more than a third of the room is taken.
    ///
    /// Any thread.
    var isFillingUp: Bool { state.withLock { $0.records.count > recordsMax / 3 } }

    /// How many records wait for the writer, and how many there is room for.
    ///
    /// Any thread.
    var fill: (waiting: Int, room: Int) { state.withLock { ($0.records.count, recordsMax) } }

    /// Takes all records.
    ///
    /// Only the writer calls this, and returns the array through `recycle`.
    func drain() -> [InvocationRecord] {
        state.withLock { state in
            var records: [InvocationRecord] = []
            swap(&records, &state.spare)
            swap(&records, &state.records)
            state.logBytes = 0
            return records
        }
    }

    /// Gives an array back whose records are stored.
    func recycle(_ records: consuming [InvocationRecord]) {
        records.removeAll(keepingCapacity: true)
        let spare = consume records
        state.withLock { $0.spare = spare }
    }

    /// Drops everything that is appended from now on.
    func shut() {
        state.withLock { $0.isShut = true }
    }

    /// All records ever offered, those of them that found no room, and those that the sample left out.
    var counts: (appended: Int, dropped: Int, sampledOut: Int) {
        state.withLock { ($0.appended, $0.dropped, $0.sampledOut) }
    }
}

extension InvocationRecord {
    fileprivate static var empty: InvocationRecord {
        InvocationRecord(
            id: .uuid(high: 0, low: 0),
            function: "",
            version: 0,
            startedAt: Timestamp(microseconds: 0)
        )
    }

    /// Whether sampling may leave it out: the function answered, and not with a server's error.
    var isSuccess: Bool { outcome == .ok && status < 500 }
}

/// Numbers from 0 up to 1 by a fast generator, for choosing samples.
private struct ChanceGenerator {
    private var state = UInt64.random(in: .min ... .max)

    // A linear congruential generator (Knuth, MMIX), of which the upper bits are used.
    mutating func next() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(1 << 53 as UInt64)
    }
}
