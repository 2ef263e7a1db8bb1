import Testing
import WASI
import Wasm

struct ProcessTests {
    @Test func `arguments and environment arrive as C strings`() {
        let guest = FakeGuest()
        var environment = GuestStrings()
        environment.append(name: "A", value: "1")
        environment.append(name: "BIN", value: [0xFF, 0x41])
        guest.context.begin(
            arguments: GuestStrings(["prog", "", "x\0y"]),
            environment: environment,
            input: GuestInput()
        )
        #expect(guest.call("args_sizes_get", 0, 4) == .success)
        #expect(guest.load(0, as: UInt32.self) == 3)
        #expect(guest.load(4, as: UInt32.self) == 8)
        #expect(guest.call("args_get", 16, 100) == .success)
        #expect(guest.text(100, 8) == "prog\0\0x\0")
        #expect((0..<3).map { guest.load(16 + $0 * 4, as: UInt32.self) } == [100, 105, 106])
        #expect(guest.call("environ_sizes_get", 0, 4) == .success)
        #expect(guest.load(0, as: UInt32.self) == 2)
        #expect(guest.load(4, as: UInt32.self) == 11)
        #expect(guest.call("environ_get", 16, 100) == .success)
        #expect(Array(guest.memory[100..<111]) == Array("A=1\0BIN=".utf8) + [0xFF, 0x41, 0])
    }

    @Test func `strings that do not fit are a fault and nothing is written`() {
        let guest = FakeGuest()
        guest.context.arguments = GuestStrings(["prog"])
        let before = guest.memory
        #expect(guest.call("args_get", 65_533, 100) == .fault)
        #expect(guest.call("args_get", 16, 65_532) == .fault)
        #expect(guest.call("args_sizes_get", 65_533, 0) == .fault)
        #expect(guest.memory == before)
        #expect(guest.call("args_get", 65_532, 65_527) == .success)
    }

    @Test func `clocks are read, and that is noted`() {
        let guest = FakeGuest()
        #expect(guest.call("clock_res_get", 0, 0) == .success)
        #expect(guest.load(0, as: UInt64.self) == 1)
        #expect(!guest.context.readClock)
        guest.clock.advance(42)
        #expect(guest.call("clock_time_get", 0, 0, 0) == .success)
        #expect(guest.load(0, as: UInt64.self) == 1_000_000_042)
        #expect(guest.call("clock_time_get", 1, 0, 0) == .success)
        #expect(guest.load(0, as: UInt64.self) == 5_000_042)
        #expect(guest.call("clock_time_get", 2, 0, 0) == .success)
        #expect(guest.load(0, as: UInt64.self) == 42)
        #expect(guest.call("clock_time_get", 4, 0, 0) == .inval)
        #expect(guest.call("clock_res_get", 4, 0) == .inval)
        #expect(guest.call("clock_time_get", 0, 0, 65_529) == .fault)
        #expect(guest.context.readClock)
    }

    @Test func `the system's clocks run`() {
        let context = WASIContext()
        let before = context.clocks.monotonic()
        #expect(context.clocks.monotonic() >= before)
        #expect(context.clocks.realtime() > 1_700_000_000_000_000_000)
    }

    @Test func `time spent waiting is no processor time`() {
        let guest = FakeGuest()
        guest.context.input = .arriving
        guest.store(buffers: [(100, 4)], at: 0)
        guest.clock.advance(10)
        #expect(guest.wait("fd_read", 0, 0, 1, 64) == .input)
        guest.clock.advance(1000)
        guest.context.input.end()
        #expect(guest.call("fd_read", 0, 0, 1, 64) == .success)
        guest.clock.advance(5)
        #expect(guest.call("clock_time_get", 3, 0, 0) == .success)
        #expect(guest.load(0, as: UInt64.self) == 15)
    }

    @Test func `random bytes fill exactly the buffer, and that is noted`() {
        let guest = FakeGuest()
        #expect(guest.call("random_get", 16, 0) == .success)
        #expect(guest.call("random_get", 16, 4) == .success)
        #expect(Array(guest.memory[15...20]) == [0xEE, 0, 1, 2, 3, 0xEE])
        #expect(guest.call("random_get", 65_533, 4) == .fault)
        #expect(guest.call("random_get", 0, 0xFFFF_FFFF) == .fault)
        #expect(guest.context.readRandom)
    }

    @Test func `the system's random bytes differ`() {
        let guest = FakeGuest()
        guest.context.random = .system
        guest.memory = [UInt8](repeating: 0, count: 128)
        #expect(guest.call("random_get", 0, 32) == .success)
        #expect(guest.call("random_get", 32, 32) == .success)
        #expect(guest.memory[0..<32] != guest.memory[32..<64])
        #expect(guest.memory[64...].allSatisfy { $0 == 0 })
    }

    @Test func `a long request for random bytes lets others run between its chunks`() {
        let guest = FakeGuest()
        guest.memory = [UInt8](repeating: 0xEE, count: 600 << 10)
        let count = UInt64(257 << 10)
        let now = WaitCondition.deadline(guest.clock.monotonic)
        #expect(guest.wait("random_get", 1, count) == now)
        #expect(guest.wait("random_get", 1, count) == now)
        #expect(guest.call("random_get", 1, count) == .success)
        #expect(guest.memory[Int(count)] == 0xFF)
        #expect(guest.memory[Int(count) + 1] == 0xEE)
        // Anew: not the rest of the call before.
        #expect(guest.wait("random_get", 1, count) == now)
    }

    @Test(arguments: [0, 1, 255, 256, -1] as [Int32])
    func `an exit code passes through as it is`(code: Int32) {
        let guest = FakeGuest()
        let argument = UInt64(UInt32(bitPattern: code))
        guard case .exit(let answer) = guest.perform("proc_exit", [argument]).result else {
            Issue.record("no exit")
            return
        }
        #expect(answer == code)
        #expect(guest.context.exitCode == code)
    }

    @Test func `signals are not supported and yielding does nothing`() {
        let guest = FakeGuest()
        #expect(guest.call("proc_raise", 6) == .notsup)
        #expect(guest.call("proc_raise", 31) == .inval)
        #expect(guest.call("sched_yield") == .success)
    }

    @Test func `a context begins anew for the next guest`() {
        let guest = FakeGuest(outputByteLimit: 4)
        let context = guest.context
        context.input = .arriving
        guest.store(buffers: [(100, 4)], at: 0)
        _ = guest.wait("fd_read", 0, 0, 1, 64)
        _ = guest.call("random_get", 0, 8)
        _ = guest.call("clock_time_get", 0, 0, 0)
        _ = guest.write("12345", to: 1)
        _ = guest.write("log", to: 2)
        _ = guest.call("fd_close", 1)
        _ = guest.perform("proc_exit", [3])
        guest.clock.advance(1_000_000)
        context.begin(
            arguments: GuestStrings(["next"]),
            environment: GuestStrings(),
            input: GuestInput()
        )
        #expect(context.exitCode == nil)
        #expect(!context.readRandom && !context.readClock)
        #expect(!context.output.limitWasExceeded && context.output.bytes.isEmpty)
        context.log.finish()
        #expect(context.log.count == 0)
        #expect(guest.write("1234", to: 1) == .success)
        #expect(guest.call("clock_time_get", 2, 0, 0) == .success)
        #expect(guest.load(0, as: UInt64.self) == 0)
    }
}
