import Testing
import WASI
import Wasm

struct DescriptorTests {
    /// What each function answers for stdin, for stdout and stderr, and for 3, which is not open.
    struct Row: CustomTestStringConvertible {
        let name: String
        let arguments: [UInt64]
        let input: ErrorNumber
        let output: ErrorNumber

        init(
            _ name: String,
            _ arguments: [UInt64],
            _ input: ErrorNumber,
            _ output: ErrorNumber? = nil
        ) {
            self.name = name
            self.arguments = arguments
            self.input = input
            self.output = output ?? input
        }

        var testDescription: String { name }
    }

    private static let rows: [Row] = [
        Row("fd_advise", [0, 0, 0], .badf),
        Row("fd_allocate", [0, 10], .badf),
        Row("fd_datasync", [], .badf),
        Row("fd_sync", [], .badf),
        Row("fd_fdstat_get", [128], .success),
        Row("fd_fdstat_set_flags", [0], .success),
        Row("fd_fdstat_set_flags", [0b101], .success),
        Row("fd_fdstat_set_flags", [0b010], .notsup),
        Row("fd_fdstat_set_flags", [0b100000], .inval),
        Row("fd_fdstat_set_rights", [0, 0], .success),
        Row("fd_filestat_get", [128], .success),
        Row("fd_filestat_set_size", [1], .badf),
        Row("fd_filestat_set_times", [1, 1, 1], .badf),
        Row("fd_pread", [0, 0, 0, 64], .spipe, .badf),
        Row("fd_pwrite", [0, 0, 0, 64], .badf, .spipe),
        Row("fd_prestat_get", [128], .badf),
        Row("fd_prestat_dir_name", [128, 3], .notdir),
        Row("fd_read", [0, 0, 64], .success, .badf),
        Row("fd_write", [0, 0, 64], .badf, .success),
        Row("fd_readdir", [128, 100, 0, 64], .badf),
        Row("fd_seek", [0, 1, 64], .spipe),
        Row("fd_tell", [64], .spipe),
        Row("fd_close", [], .success),
        Row("path_create_directory", [128, 1], .notdir),
        Row("path_filestat_get", [0, 128, 1, 256], .notdir),
        Row("path_filestat_set_times", [0, 128, 1, 0, 0, 0], .notdir),
        Row("path_link", [0, 128, 1, 3, 128, 1], .notdir),
        Row("path_open", [0, 128, 1, 0, 0, 0, 0, 64], .notdir),
        Row("path_readlink", [128, 1, 256, 10, 64], .notdir),
        Row("path_remove_directory", [128, 1], .notdir),
        Row("path_rename", [128, 1, 3, 128, 1], .notdir),
        Row("path_unlink_file", [128, 1], .notdir),
        Row("sock_accept", [0, 64], .notsock),
        Row("sock_recv", [0, 0, 0, 64, 68], .notsock),
        Row("sock_send", [0, 0, 0, 64], .notsock),
        Row("sock_shutdown", [1], .notsock),
    ]

    @Test(arguments: rows)
    func `a call on each descriptor is answered with its number`(row: Row) {
        func answer(_ descriptor: UInt64) -> ErrorNumber? {
            let result = FakeGuest().perform(row.name, [descriptor] + row.arguments)
            guard case .finished = result.result, let slot = result.slots.first else { return nil }
            return ErrorNumber(rawValue: UInt16(truncatingIfNeeded: slot))
        }
        #expect(answer(0) == row.input)
        #expect(answer(1) == row.output)
        #expect(answer(2) == row.output)
        #expect(answer(3) == .badf)
        #expect(answer(UInt64(UInt32.max)) == .badf)
    }

    @Test func `path_symlink needs a directory that is open`() {
        let guest = FakeGuest()
        guest.store("x", at: 128)
        #expect(guest.call("path_symlink", 128, 1, 3, 128, 1) == .badf)
        #expect(guest.call("path_symlink", 128, 1, 0, 128, 1) == .notdir)
    }

    @Test func `fdstat has the layout and the rights of a stream`() {
        let guest = FakeGuest()
        #expect(guest.call("fd_fdstat_get", 0, 128) == .success)
        #expect(guest.load(128, as: UInt64.self) == 0)
        let poll: UInt64 = 1 << 27 | 1 << 21 | 1 << 3
        #expect(guest.load(136, as: UInt64.self) == poll | 1 << 1)
        #expect(guest.load(144, as: UInt64.self) == 0)
        #expect(guest.call("fd_fdstat_set_flags", 1, 0b100) == .success)
        #expect(guest.call("fd_fdstat_get", 1, 128) == .success)
        #expect(guest.memory[128] == 0)
        #expect(guest.load(130, as: UInt16.self) == 0b100)
        #expect(guest.load(136, as: UInt64.self) == poll | 1 << 6)
    }

    @Test func `a terminal is a character device without the right to seek`() {
        let guest = FakeGuest()
        guest.context.terminals = [.output]
        #expect(guest.call("fd_fdstat_get", 1, 128) == .success)
        #expect(guest.memory[128] == 2)
        #expect(guest.load(136, as: UInt64.self) & (1 << 2 | 1 << 5) == 0)
        #expect(guest.call("fd_filestat_get", 1, 128) == .success)
        #expect(guest.memory[144] == 2)
        #expect(guest.call("fd_fdstat_get", 2, 128) == .success)
        #expect(guest.memory[128] == 0)
    }

    @Test func `filestat has 64 bytes, and 56 in the older snapshot`() {
        let guest = FakeGuest()
        guest.context.terminals = [.error]
        for (functions, size) in [
            (WASIPreview1.functions, 64), (WASIPreview1.unstableFunctions, 56),
        ] {
            guest.memory = [UInt8](repeating: 0xEE, count: 65_536)
            guest.functions = functions
            #expect(guest.call("fd_filestat_get", 2, 128) == .success)
            var expected = [UInt8](repeating: 0, count: size)
            expected[16] = 2
            #expect(Array(guest.memory[128..<128 + size]) == expected)
            #expect(guest.memory[128 + size] == 0xEE)
            let last = UInt64(65_536 - size)
            #expect(guest.call("fd_filestat_get", 2, last) == .success)
            #expect(guest.call("fd_filestat_get", 2, last + 1) == .fault)
        }
    }

    @Test func `a closed descriptor is gone`() {
        let guest = FakeGuest()
        #expect(guest.call("fd_close", 1) == .success)
        #expect(guest.call("fd_close", 1) == .badf)
        #expect(guest.write("x", to: 1) == .badf)
        #expect(guest.write("x", to: 2) == .success)
    }

    @Test func `a renumbered descriptor takes the stream along`() {
        let guest = FakeGuest()
        #expect(guest.call("fd_renumber", 1, 9) == .badf)
        #expect(guest.call("fd_renumber", 9, 1) == .badf)
        #expect(guest.call("fd_renumber", 1, 1) == .success)
        #expect(guest.call("fd_renumber", 1, 2) == .success)
        #expect(guest.write("moved", to: 1) == .badf)
        #expect(guest.write("moved", to: 2) == .success)
        #expect(guest.context.output.bytes == Array("moved".utf8))
    }
}
