import Linux
import Synchronization

/// Divides work on function bodies among threads: once the rest of a module is known, they are
/// independent of one another.
enum FunctionBodies {
    /// A thread more is not worth its start for less code than this.
    static let bytesPerThread = 128 << 10

    /// Calls `body` for ranges that together are all function bodies, on up to `threads` threads, the
    /// caller's among them.
    ///
    /// Returns when all is done. Throws the first error in the order of the index space.
    static func divide(
        _ bodies: [FunctionBody],
        threads: Int,
        _ body: @escaping @Sendable (Range<Int>) throws(ModuleError) -> Void
    ) throws(ModuleError) {
        let errors = Errors()
        let perform: @Sendable (Range<Int>) -> Void = { range in
            do throws(ModuleError) {
                try body(range)
            } catch {
                errors.add(error, at: range.lowerBound)
            }
        }
        let ranges = ranges(of: bodies, threads: threads)
        let group = ThreadGroup()
        for range in ranges.dropFirst() {
            do throws(SystemError) {
                try group.spawn(name: "roost-bodies") { perform(range) }
            } catch {
                // No thread can be had: it is done here, then.
                perform(range)
            }
        }
        perform(ranges[0])
        group.joinAll()
        if let first = errors.first { throw first }
    }

    /// Ranges with about as much code each.
    static func ranges(of bodies: [FunctionBody], threads: Int) -> [Range<Int>] {
        let byteCount = bodies.reduce(0) { $0 + $1.code.count }
        let parts = max(min(threads, byteCount / bytesPerThread), 1)
        var ranges: [Range<Int>] = []
        var start = 0
        var bytes = 0
        for index in bodies.indices where ranges.count < parts - 1 {
            bytes += bodies[index].code.count
            if bytes * parts >= byteCount * (ranges.count + 1) {
                ranges.append(start..<index + 1)
                start = index + 1
            }
        }
        return ranges + [start..<bodies.count]
    }

    /// The errors of ranges, by the first body of each.
    private final class Errors: Sendable {
        private let errors = Mutex<[Int: ModuleError]>([:])

        func add(_ error: ModuleError, at body: Int) {
            errors.withLock { $0[body] = error }
        }

        var first: ModuleError? {
            errors.withLock { errors in errors.min { $0.key < $1.key }?.value }
        }
    }
}
