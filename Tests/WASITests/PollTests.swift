import Testing
import WASI
import Wasm

struct PollTests {
    private enum Subscription {
        case clock(UInt32, UInt64, absolute: Bool = false)
        case read(UInt32)
        case write(UInt32)
        case type(UInt8)
    }

    private static let input = 1024
    private static let output = 8192

    private func store(_ subscriptions: [Subscription], in guest: FakeGuest, unstable: Bool = false)
    {
        let size = unstable ? 56 : 48
        for (index, subscription) in subscriptions.enumerated() {
            let address = Self.input + index * size
            guest.store(UInt64(100 + index), at: address)
            switch subscription {
            case .clock(let id, let timeout, let absolute):
                let clock = address + (unstable ? 24 : 16)
                guest.store(UInt8(0), at: address + 8)
                guest.store(id, at: clock)
                guest.store(timeout, at: clock + 8)
                guest.store(UInt64(0), at: clock + 16)
                guest.store(UInt16(absolute ? 1 : 0), at: clock + 24)
            case .read(let descriptor):
                guest.store(UInt8(1), at: address + 8)
                guest.store(descriptor, at: address + 16)
            case .write(let descriptor):
                guest.store(UInt8(2), at: address + 8)
                guest.store(descriptor, at: address + 16)
            case .type(let type):
                guest.store(type, at: address + 8)
            }
        }
    }

    private func call(_ guest: FakeGuest, _ count: UInt64) -> HostFunction.DirectCall {
        guest.perform("poll_oneoff", [UInt64(Self.input), UInt64(Self.output), count, 64])
    }

    private func answer(_ guest: FakeGuest, _ count: UInt64) -> ErrorNumber? {
        guest.call("poll_oneoff", UInt64(Self.input), UInt64(Self.output), count, 64)
    }

    private func wait(_ guest: FakeGuest, _ count: UInt64) -> WaitCondition? {
        guest.wait("poll_oneoff", UInt64(Self.input), UInt64(Self.output), count, 64)
    }

    private struct Event: Equatable {
        var userData: UInt64
        var error = ErrorNumber.success
        var type: UInt8
        var byteCount: UInt64 = 0
        var flags: UInt16 = 0
    }

    private func events(_ guest: FakeGuest) -> [Event] {
        (0..<Int(guest.load(64, as: UInt32.self))).map { index in
            let address = Self.output + index * 32
            return Event(
                userData: guest.load(address),
                error: ErrorNumber(rawValue: guest.load(address + 8)) ?? .nosys,
                type: guest.memory[address + 10],
                byteCount: guest.load(address + 16),
                flags: guest.load(address + 24)
            )
        }
    }

    @Test(arguments: [UInt32(0), 1])
    func `a relative timeout counts from the first call`(clock: UInt32) {
        let guest = FakeGuest()
        let deadline = guest.clock.monotonic + 1000
        store([.clock(clock, 1000)], in: guest)
        #expect(wait(guest, 1) == .deadline(deadline))
        guest.clock.advance(999)
        #expect(wait(guest, 1) == .deadline(deadline))
        guest.clock.advance(1)
        #expect(answer(guest, 1) == .success)
        #expect(events(guest) == [Event(userData: 100, type: 0)])
        #expect(wait(guest, 1) == .deadline(deadline + 1000))
    }

    @Test func `a relative timeout of zero is over at once`() {
        let guest = FakeGuest()
        store([.clock(1, 0)], in: guest)
        #expect(answer(guest, 1) == .success)
    }

    @Test func `an absolute monotonic timeout is a moment`() {
        let guest = FakeGuest()
        let now = guest.clock.monotonic
        store([.clock(1, now + 7, absolute: true)], in: guest)
        #expect(wait(guest, 1) == .deadline(now + 7))
        store([.clock(1, now, absolute: true)], in: guest)
        #expect(answer(guest, 1) == .success)
    }

    @Test func `an absolute realtime timeout follows the clock when it is set`() {
        let guest = FakeGuest()
        let now = guest.clock.monotonic
        store([.clock(0, 1_000_000_500, absolute: true)], in: guest)
        #expect(wait(guest, 1) == .deadline(now + 500))
        guest.clock.setRealtime(1_000_000_400)
        #expect(wait(guest, 1) == .deadline(now + 100))
        guest.clock.setRealtime(1_000_000_500)
        #expect(answer(guest, 1) == .success)
    }

    @Test func `the longest timeout does not overflow`() {
        let guest = FakeGuest()
        for absolute in [false, true] {
            for clock in [UInt32(0), 1] {
                store([.clock(clock, .max, absolute: absolute)], in: guest)
                guard case .deadline(let deadline) = wait(guest, 1) else {
                    Issue.record("no deadline for clock \(clock)")
                    continue
                }
                #expect(deadline > UInt64.max / 2)
            }
        }
    }

    @Test func `the earliest of several deadlines is waited for`() {
        let guest = FakeGuest()
        let now = guest.clock.monotonic
        store([.clock(1, 3000), .clock(0, 1000), .clock(1, 2000)], in: guest)
        #expect(wait(guest, 3) == .deadline(now + 1000))
        guest.clock.advance(2000)
        #expect(answer(guest, 3) == .success)
        #expect(events(guest).map(\.userData) == [101, 102])
    }

    @Test func `input and a deadline are waited for together`() {
        let guest = FakeGuest()
        let now = guest.clock.monotonic
        guest.context.input = .arriving
        store([.clock(1, 1000), .read(0)], in: guest)
        #expect(wait(guest, 2) == .inputOrDeadline(now + 1000))
        guest.context.input.append([1, 2, 3])
        #expect(answer(guest, 2) == .success)
        #expect(events(guest) == [Event(userData: 101, type: 1, byteCount: 3)])
    }

    @Test func `input alone is waited for until its end`() {
        let guest = FakeGuest()
        guest.context.input = .arriving
        store([.read(0)], in: guest)
        #expect(wait(guest, 1) == .input)
        guest.context.input.end()
        #expect(answer(guest, 1) == .success)
        #expect(events(guest) == [Event(userData: 100, type: 1, flags: 1)])
    }

    @Test func `output is always ready`() {
        let guest = FakeGuest()
        store([.clock(1, 1000), .write(1), .write(2)], in: guest)
        #expect(answer(guest, 3) == .success)
        #expect(
            events(guest) == [
                Event(userData: 101, type: 2, byteCount: 1 << 20),
                Event(userData: 102, type: 2, byteCount: 1 << 20),
            ]
        )
    }

    @Test func `what cannot be subscribed to is an event with an error`() {
        let guest = FakeGuest()
        store([.read(9), .write(0), .read(1), .clock(2, 5), .clock(9, 5)], in: guest)
        #expect(answer(guest, 5) == .success)
        #expect(events(guest).map(\.error) == [.badf, .badf, .badf, .notsup, .inval])
    }

    @Test func `calls that cannot be are refused`() {
        let guest = FakeGuest()
        store([.type(3)], in: guest)
        #expect(answer(guest, 0) == .inval)
        #expect(answer(guest, 1) == .inval)
        #expect(answer(guest, 1025) == .inval)
        #expect(answer(guest, UInt64(UInt32.max)) == .inval)
        store([.write(1)], in: guest)
        #expect(guest.call("poll_oneoff", 65_536 - 47, 0, 1, 64) == .fault)
        #expect(guest.call("poll_oneoff", 1024, 65_536 - 31, 1, 64) == .fault)
        #expect(guest.call("poll_oneoff", 1024, 0, 1, 65_533) == .fault)
        #expect(guest.call("poll_oneoff", 1024, 65_536 - 32, 1, 64) == .success)
    }

    @Test func `the older snapshot's subscription is read with its own layout`() {
        let guest = FakeGuest()
        guest.functions = WASIPreview1.unstableFunctions
        let now = guest.clock.monotonic
        store([.clock(1, 50), .clock(0, 40)], in: guest, unstable: true)
        #expect(wait(guest, 2) == .deadline(now + 40))
        guest.clock.advance(50)
        #expect(answer(guest, 2) == .success)
        #expect(events(guest).map(\.userData) == [100, 101])
    }
}
