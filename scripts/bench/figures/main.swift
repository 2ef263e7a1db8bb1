import Linux
import WASI
import Wasm

// Prints how fast a module is decoded and translated, and what it takes in memory, as JSON.

/// The seconds that one call takes at the least, over calls for a fifth of a second.
func leastSeconds(_ body: () throws -> Void) rethrows -> Double {
    let end = Monotonic.now() + 200_000_000
    var least = UInt64.max
    repeat {
        let start = Monotonic.now()
        try body()
        least = min(least, Monotonic.now() - start)
    } while Monotonic.now() < end
    return Double(least) / 1e9
}

func contents(_ path: String) throws -> [UInt8] {
    try FileDescriptor(opening: path, flags: 0).readToEnd(limit: 1 << 30) ?? []
}

/// The private pages of this process, in bytes.
func residentBytes() throws -> Int {
    let fields = String(decoding: try contents("/proc/self/statm"), as: UTF8.self)
        .split(separator: " ").compactMap { Int($0) }
    return (fields[1] - fields[2]) * 4096
}

let bytes = try contents(CommandLine.arguments[1])
let module = try Module(bytes)
let decodeSeconds = try leastSeconds { _ = try Module(bytes) }
// What decoding takes is left out of the time to translate.
let bothSeconds = try leastSeconds { try Module(bytes).translateAll() }
let twoThreadsSeconds = try leastSeconds { try Module(bytes, threads: 2).translateAll(threads: 2) }
try module.translateAll()
var imports = Imports()
WASIPreview1.define(in: &imports)
let linked = try module.link(imports)
let snapshot = try Instance(linked).capture()
var instances: [Instance] = []
let before = try residentBytes()
for _ in 0..<500 { instances.append(try Instance(snapshot)) }
let instanceBytes = (try residentBytes() - before) / instances.count
print(
    """
    {"moduleBytes": \(bytes.count), "codeBytes": \(module.codeByteCount), \
    "translatedBytes": \(module.translatedByteCount), "decodeSeconds": \(decodeSeconds), \
    "translateSeconds": \(max(bothSeconds - decodeSeconds, 1e-9)), \
    "twoThreads": \(bothSeconds / twoThreadsSeconds), "instanceBytes": \(instanceBytes)}
    """
)
