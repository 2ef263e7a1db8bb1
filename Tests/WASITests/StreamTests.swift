import Linux
import Testing
import WASI
import Wasm

struct StreamTests {
    @Test func `a gathered write arrives in order and is counted`() {
        let guest = FakeGuest()
        guest.store("Hello, world", at: 4096)
        guest.store(buffers: [(4103, 5), (4096, 0), (4101, 2), (4096, 5)], at: 0)
        #expect(guest.call("fd_write", 1, 0, 4, 64) == .success)
        #expect(guest.load(64, as: UInt32.self) == 12)
        #expect(guest.context.output.bytes == Array("world, Hello".utf8))
        #expect(guest.context.output.writtenByteCount == 12)
    }

    /// Buffer list, its count, place of the answer.
    @Test(arguments: [
        (0, 1, 65_533), (65_529, 1, 64), (65_536, 1, 64), (0xFFFF_FFFF, 1, 64),
        (8, 1, 64), (16, 1, 64), (24, 1, 64),
    ])
    func `a pointer outside the memory is a fault and nothing moves`(row: (UInt64, UInt64, UInt64))
    {
        let guest = FakeGuest()
        guest.context.input = GuestInput(Array("input".utf8))
        guest.store(
            buffers: [(4096, 3), (65_535, 2), (0xFFFF_FFFF, 1), (1, 0xFFFF_FFFF)],
            at: 0
        )
        let before = guest.memory
        #expect(guest.call("fd_write", 1, row.0, row.1, row.2) == .fault)
        #expect(guest.call("fd_read", 0, row.0, row.1, row.2) == .fault)
        #expect(guest.memory == before)
        #expect(guest.context.output.bytes.isEmpty)
        #expect(guest.context.input.unreadByteCount == 5)
    }

    @Test(arguments: [
        (UInt64(1024), ErrorNumber.success), (1025, .inval), (0xFFFF_FFFF, .inval),
    ])
    func `buffers are limited in number`(row: (count: UInt64, answer: ErrorNumber)) {
        let guest = FakeGuest()
        guest.memory = [UInt8](repeating: 0, count: 65_536)
        #expect(guest.call("fd_write", 1, 0, row.count, 64) == row.answer)
        #expect(guest.call("fd_read", 0, 0, row.count, 64) == row.answer)
    }

    @Test(arguments: [("fd_write", UInt64(1)), ("fd_write", 2), ("fd_read", 0)])
    func `buffers are charged for when they are empty too`(row: (name: String, descriptor: UInt64))
    {
        let guest = FakeGuest()
        guest.memory = [UInt8](repeating: 0, count: 65_536)
        #expect(guest.perform(row.name, [row.descriptor, 0, 0, 64]).surcharge == 0)
        #expect(guest.perform(row.name, [row.descriptor, 0, 1024, 64]).surcharge >= 4 * 1024)
    }

    @Test func `a stream of the host is charged for by time`() {
        let guest = FakeGuest()
        #expect(guest.perform("fd_write", [2, 0, 0, 64]).surcharge == 0)
        guest.context.standardError = .passThrough(.error)
        #expect(guest.perform("fd_write", [2, 0, 0, 64]).surcharge > 0)
    }

    @Test func `one call moves a mebibyte at most`() {
        let guest = FakeGuest(outputByteLimit: 8 << 20)
        guest.memory = [UInt8](repeating: 7, count: 2 << 20)
        guest.store(buffers: [(4096, 1 << 20), (4096, 5)], at: 0)
        let call = guest.perform("fd_write", [1, 0, 2, 64])
        #expect(guest.load(64, as: UInt32.self) == 1 << 20)
        #expect(guest.context.output.bytes.count == 1 << 20)
        #expect(call.surcharge >= 1 << 14)
    }

    @Test func `output at its limit is kept and one byte more is a trap`() {
        let guest = FakeGuest(outputByteLimit: 8)
        #expect(guest.write("12345678", to: 1) == .success)
        #expect(!guest.context.output.limitWasExceeded)
        guard case .trap(let reason) = guest.perform("fd_write", [1, 0, 1, 64]).result else {
            Issue.record("no trap")
            return
        }
        #expect(reason == "output exceeds the limit of 8 bytes")
        #expect(guest.context.output.limitWasExceeded)
        #expect(guest.context.output.bytes == Array("12345678".utf8))
    }

    @Test func `bytes taken out still count against the limit`() {
        let guest = FakeGuest(outputByteLimit: 8)
        #expect(guest.write("12345", to: 1) == .success)
        #expect(guest.context.output.take() == Array("12345".utf8))
        #expect(guest.context.output.bytes.isEmpty)
        #expect(guest.write("678", to: 1) == .success)
        #expect(guest.write("9", to: 1) == nil)
    }

    @Test func `sinks decide where a stream goes`() {
        let guest = FakeGuest()
        guest.context.standardOutput = .log
        guest.context.standardError = .buffer
        #expect(guest.write("out\n", to: 1) == .success)
        #expect(guest.write("err\n", to: 2) == .success)
        guest.context.standardOutput = .discard
        #expect(guest.write("gone\n", to: 1) == .success)
        #expect(guest.context.log.lines.map(\.text) == ["out"])
        #expect(guest.context.log.lines.map(\.stream) == [.stdout])
        #expect(guest.context.output.bytes == Array("err\n".utf8))
    }

    @Test func `standard error is split into lines with their times`() {
        let guest = FakeGuest()
        guest.clock.advance(3_000)
        #expect(guest.write("fir", to: 2) == .success)
        guest.clock.advance(5_000)
        #expect(guest.write("st\nsecond\nthi", to: 2) == .success)
        guest.clock.advance(2_000)
        #expect(guest.write("rd", to: 2) == .success)
        #expect(guest.context.log.count == 2)
        guest.context.log.finish()
        #expect(guest.context.log.lines.map(\.text) == ["first", "second", "third"])
        #expect(guest.context.log.lines.map(\.atMicroseconds) == [3, 8, 8])
    }

    @Test func `standard error over its limit is cut and the guest does not notice`() {
        let guest = FakeGuest(logByteLimit: 6)
        #expect(guest.write("one\ntwo\nthree\n", to: 2) == .success)
        #expect(guest.load(64, as: UInt32.self) == 14)
        #expect(guest.write("four\n", to: 2) == .success)
        guest.context.log.finish()
        #expect(guest.context.log.lines.map(\.text) == ["one", "tw"])
        #expect(guest.context.log.lines.map(\.isCut) == [false, true])
        #expect(guest.context.log.droppedByteCount == 13)
    }

    @Test func `a scattered read fills buffers and ends with zero`() {
        let guest = FakeGuest()
        guest.context.input = GuestInput(Array("abcdefg".utf8))
        guest.store(buffers: [(100, 2), (50, 0), (200, 3)], at: 0)
        #expect(guest.call("fd_read", 0, 0, 3, 64) == .success)
        #expect(guest.load(64, as: UInt32.self) == 5)
        #expect(guest.text(100, 2) + guest.text(200, 3) == "abcde")
        #expect(guest.call("fd_read", 0, 0, 3, 64) == .success)
        #expect(guest.load(64, as: UInt32.self) == 2)
        #expect(guest.text(100, 2) == "fg")
        #expect(guest.call("fd_read", 0, 0, 3, 64) == .success)
        #expect(guest.load(64, as: UInt32.self) == 0)
        #expect(guest.context.input.readByteCount == 7)
    }

    @Test func `a read without input waits until some arrives or the end comes`() {
        let guest = FakeGuest()
        guest.context.input = .arriving
        guest.store(buffers: [(100, 4)], at: 0)
        #expect(guest.wait("fd_read", 0, 0, 1, 64) == .input)
        #expect(guest.wait("fd_read", 0, 0, 1, 64) == .input)
        guest.context.input.append(Array("abcdef".utf8))
        #expect(guest.call("fd_read", 0, 0, 1, 64) == .success)
        #expect(guest.load(64, as: UInt32.self) == 4)
        guest.context.input.append(Array("gh".utf8))
        #expect(guest.call("fd_read", 0, 0, 1, 64) == .success)
        #expect(guest.text(100, 4) == "efgh")
        #expect(guest.wait("fd_read", 0, 0, 1, 64) == .input)
        guest.context.input.end()
        #expect(guest.call("fd_read", 0, 0, 1, 64) == .success)
        #expect(guest.load(64, as: UInt32.self) == 0)
    }

    @Test func `a read of nothing and a non-blocking read do not wait`() {
        let guest = FakeGuest()
        guest.context.input = .arriving
        guest.store(buffers: [(100, 0)], at: 0)
        #expect(guest.call("fd_read", 0, 0, 1, 64) == .success)
        guest.store(buffers: [(100, 4)], at: 0)
        #expect(guest.call("fd_fdstat_set_flags", 0, 0b100) == .success)
        #expect(guest.call("fd_read", 0, 0, 1, 64) == .again)
    }

    @Test func `buffers that overlap their own list do not harm the host`() {
        let guest = FakeGuest()
        guest.context.input = GuestInput([UInt8](repeating: 0xFF, count: 64))
        guest.store(buffers: [(8, 8), (100, 8)], at: 0)
        #expect(guest.call("fd_read", 0, 0, 2, 64) == .success)
        #expect(guest.load(64, as: UInt32.self) == 8)
        #expect(guest.context.input.unreadByteCount == 56)
    }
}
