import Glibc
import Linux
import Wasm

// Starts a module again and again, and prints what that takes as JSON: microseconds.
//
//   start-figures FILE pooled|fresh COUNT
//
// `pooled` takes an instance that is there, and resets it after calling `run`; `fresh` makes one from the
// snapshot, and drops it. `p50` and `p99` are those of having the instance, `cycle` is the processor time
// of a whole round.

func processorTime() -> Double {
    var now = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
    return Double(now.tv_sec) * 1e6 + Double(now.tv_nsec) / 1e3
}

/// Does `round` over and over: it answers when the instance was there.
func measure(_ count: Int, _ round: () throws -> UInt64) rethrows -> String {
    for _ in 0..<count / 10 { _ = try round() }
    var times: [Double] = []
    for _ in 0..<count {
        let begin = Monotonic.now()
        times.append(Double(try round() - begin) / 1e3)
    }
    times.sort()
    let begin = processorTime()
    for _ in 0..<count { _ = try round() }
    let cycle = (processorTime() - begin) / Double(count)
    return """
        {"p50": \(times[count / 2]), "p99": \(times[count * 99 / 100]), "cycle": \(cycle)}
        """
}

let path = CommandLine.arguments[1]
let isPooled = CommandLine.arguments[2] == "pooled"
let count = Int(CommandLine.arguments[3]) ?? 1_000
let bytes = try FileDescriptor(opening: path, flags: 0).readToEnd(limit: 1 << 30) ?? []
var limits = InstanceLimits()
limits.memoryBytesMax = 1 << 32
let linked = try Module(bytes).link(Imports())
let snapshot = try Instance(linked, limits: limits).capture()
let stack = try ValueStack()

func run(_ instance: Instance) throws {
    let execution = try Execution(instance, export: "run", stack: stack)
    guard case .finished = execution.resume(budget: 1 << 30) else { fatalError("'run' failed") }
}

var pool = isPooled ? [try Instance(snapshot, limits: limits)] : []
print(
    try measure(count) {
        let instance = try pool.popLast() ?? Instance(snapshot, limits: limits)
        let started = Monotonic.now()
        try run(instance)
        guard isPooled else { return started }
        instance.reset(to: snapshot)
        pool.append(instance)
        return started
    }
)
