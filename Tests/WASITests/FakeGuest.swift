import Synchronization
import WASI
import Wasm

/// A memory and a context to call host functions with, as a guest would.
final class FakeGuest {
    let context: WASIContext
    let clock: ManualClock
    var memory: [UInt8]
    var functions = WASIPreview1.functions

    /// A page of memory, clocks that stand still, random bytes that count up.
    init(outputByteLimit: Int = 1 << 20, logByteLimit: Int = 1 << 16) {
        let clock = ManualClock()
        self.clock = clock
        context = WASIContext(
            outputByteLimit: outputByteLimit,
            logByteLimit: logByteLimit,
            clocks: clock.clocks
        )
        context.random = .custom { buffer in
            for index in 0..<buffer.byteCount {
                buffer.storeBytes(
                    of: UInt8(truncatingIfNeeded: index),
                    toByteOffset: index,
                    as: UInt8.self
                )
            }
        }
        memory = [UInt8](repeating: 0xEE, count: 65_536)
    }

    /// Calls a function; nil when it did not finish.
    func call(_ name: String, _ arguments: UInt64...) -> ErrorNumber? {
        let direct = perform(name, arguments)
        guard case .finished = direct.result, let slot = direct.slots.first,
            let raw = UInt16(exactly: slot)
        else { return nil }
        return ErrorNumber(rawValue: raw)
    }

    func perform(_ name: String, _ arguments: [UInt64]) -> HostFunction.DirectCall {
        guard let function = functions[name] else { preconditionFailure("no function \(name)") }
        return function.callDirectly(arguments, memory: &memory, hostState: context)
    }

    /// The condition that a call waits for; nil when it does not wait.
    func wait(_ name: String, _ arguments: UInt64...) -> WaitCondition? {
        guard case .wait(let condition) = perform(name, arguments).result else { return nil }
        return condition
    }

    func load<T: FixedWidthInteger>(_ address: Int, as type: T.Type = T.self) -> T {
        var value: T = 0
        for index in (0..<T.bitWidth / 8).reversed() {
            value = value << 8 | T(truncatingIfNeeded: memory[address + index])
        }
        return value
    }

    func store<T: FixedWidthInteger>(_ value: T, at address: Int) {
        for index in 0..<T.bitWidth / 8 {
            memory[address + index] = UInt8(truncatingIfNeeded: value >> (8 * T(index)))
        }
    }

    func store(_ text: String, at address: Int) {
        for (index, byte) in text.utf8.enumerated() { memory[address + index] = byte }
    }

    /// Stores a list of buffers.
    func store(buffers: [(address: UInt32, count: UInt32)], at address: Int) {
        for (index, buffer) in buffers.enumerated() {
            store(buffer.address, at: address + index * 8)
            store(buffer.count, at: address + index * 8 + 4)
        }
    }

    func text(_ address: Int, _ count: Int) -> String {
        String(decoding: memory[address..<address + count], as: UTF8.self)
    }

    /// Writes a text to a descriptor through one buffer.
    func write(_ text: String, to descriptor: UInt64) -> ErrorNumber? {
        store(text, at: 4096)
        store(buffers: [(4096, UInt32(text.utf8.count))], at: 0)
        return call("fd_write", descriptor, 0, 1, 64)
    }
}

/// Clocks that move when a test says so.
final class ManualClock: Sendable {
    private let times = Mutex((realtime: UInt64(1_000_000_000), monotonic: UInt64(5_000_000)))

    var clocks: GuestClocks {
        GuestClocks(
            realtime: { self.times.withLock { $0.realtime } },
            monotonic: { self.times.withLock { $0.monotonic } }
        )
    }

    var monotonic: UInt64 { times.withLock { $0.monotonic } }

    func advance(_ nanoseconds: UInt64) {
        times.withLock {
            $0.realtime += nanoseconds
            $0.monotonic += nanoseconds
        }
    }

    func setRealtime(_ value: UInt64) { times.withLock { $0.realtime = value } }
}
