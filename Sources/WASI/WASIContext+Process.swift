import Linux
import Wasm

/// Arguments, environment, clocks, random bytes and the process. Preview 1: `args_*`,
/// `environ_*`, `clock_*`, `random_get`, `proc_*`.
extension WASIContext {
    /// Stores how many strings there are and how many bytes they take.
    func stringSizes(_ strings: GuestStrings, _ call: inout HostCall) throws(ErrorNumber) {
        guard let count = UInt32(exactly: strings.count),
            let byteCount = UInt32(exactly: strings.byteCount)
        else { throw .overflow }
        let memory = call.memory
        guard memory.store(count, at: call.u32(0)), memory.store(byteCount, at: call.u32(1))
        else { throw .fault }
    }

    /// Stores the strings, and the address of each.
    func copyStrings(_ strings: GuestStrings, _ call: inout HostCall) throws(ErrorNumber) {
        let memory = call.memory
        let pointers = call.u32(0)
        let buffer = call.u32(1)
        guard memory.contains(pointers, count: strings.count * 4),
            memory.write(strings.bytes, at: buffer)
        else { throw .fault }
        var pointer = pointers
        for offset in strings.offsets {
            guard memory.store(buffer &+ offset, at: pointer) else { throw .fault }
            pointer &+= 4
        }
        call.surcharge &+= Surcharge.copying(strings.byteCount &+ strings.count &* 16)
    }

    /// `clock_res_get`: all clocks count in nanoseconds.
    func clockResolution(_ call: inout HostCall) throws(ErrorNumber) {
        guard ClockID(rawValue: call.u32(0)) != nil else { throw .inval }
        guard call.memory.store(UInt64(1), at: call.u32(1)) else { throw .fault }
    }

    /// `clock_time_get`.
    func clockTime(_ call: inout HostCall) throws(ErrorNumber) {
        guard let clock = ClockID(rawValue: call.u32(0)) else { throw .inval }
        readClock = true
        guard call.memory.store(now(clock), at: call.u32(2)) else { throw .fault }
    }

    private func now(_ clock: ClockID) -> UInt64 {
        switch clock {
        case .realtime: clocks.realtime()
        case .monotonic: clocks.monotonic()
        case .processTime, .threadTime: processorTime
        }
    }

    /// `random_get`: a long request is filled chunk by chunk, with other work between them.
    func randomGet(_ call: inout HostCall) throws(ErrorNumber) -> HostResult {
        let address = call.u32(0)
        let count = call.u32(1)
        let suspension = takeSuspension()
        let memory = call.memory
        guard memory.contains(address, count: Int(count)) else { throw .fault }
        var filled: UInt32 = 0
        if case .filling(let before) = suspension { filled = min(before, count) }
        readRandom = true
        let chunk = min(count &- filled, Self.randomByteCountMax)
        if chunk > 0 {
            let random = random
            var failure: ErrorNumber?
            let isInside: Void? = memory.withMutableBytes(at: address &+ filled, count: chunk) {
                buffer in
                do throws(ErrorNumber) {
                    try random.fill(&buffer)
                } catch {
                    failure = error
                }
            }
            guard isInside != nil else { throw .fault }
            if let failure { throw failure }
        }
        call.surcharge &+= Surcharge.random(Int(chunk))
        filled &+= chunk
        guard filled < count else { return .finished }
        suspend(.filling(filled))
        return .wait(.deadline(clocks.monotonic()))
    }

    /// The most random bytes made in one go: about half a millisecond's work.
    private static var randomByteCountMax: UInt32 { 128 << 10 }

    /// `proc_exit`.
    func exit(_ call: inout HostCall) -> HostResult {
        let code = call.i32(0)
        exitCode = code
        return .exit(code)
    }

    /// `proc_raise`: there is nobody to send a signal to.
    func raise(_ call: inout HostCall) throws(ErrorNumber) {
        // The type `signal` ends with `sys`, number 30.
        throw call.u32(0) <= 30 ? .notsup : .inval
    }
}

/// `clockid`.
enum ClockID: UInt32 {
    case realtime
    case monotonic
    case processTime
    case threadTime
}

/// What long calls cost beyond one instruction, which takes about three nanoseconds.
enum Surcharge {
    /// For copying bytes into or out of a guest.
    static func copying(_ byteCount: Int) -> Int64 { Int64(byteCount / 32) }

    /// For looking at the buffers of a list, and for turning from one to the next.
    static func buffers(_ count: UInt32) -> Int64 { Int64(count) &* 16 }

    /// For the time of a call that reaches the kernel: an instruction a nanosecond, to be on the
    /// safe side.
    static func time(since start: UInt64) -> Int64 { Int64(clamping: Monotonic.now() &- start) }

    /// For making random bytes.
    static func random(_ byteCount: Int) -> Int64 { Int64(byteCount) &+ 100 }
}
