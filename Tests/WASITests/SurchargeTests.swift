import Testing
import Wasm

@testable import WASI

/// What calls on files cost beyond one instruction: the time that they take.
struct SurchargeTests {
    struct Row: CustomTestStringConvertible {
        let name: String
        let arguments: [UInt64]

        init(_ name: String, _ arguments: UInt64...) {
            self.name = name
            self.arguments = arguments
        }

        var testDescription: String { name }
    }

    /// The tree of the test below: descriptor 4 is `file`, open; the paths are at these addresses.
    private static let paths = ["file": 1024, "link": 1040, "new": 1056, "empty": 1072]

    private static let rows: [Row] = [
        Row("fd_advise", 4, 0, 0, 0), Row("fd_allocate", 4, 0, 10), Row("fd_close", 4),
        Row("fd_datasync", 4), Row("fd_sync", 4), Row("fd_fdstat_set_flags", 4, 1),
        Row("fd_filestat_get", 4, 256), Row("fd_filestat_set_size", 4, 5),
        Row("fd_filestat_set_times", 4, 1, 1, 5), Row("fd_pread", 4, 0, 1, 0, 64),
        Row("fd_pwrite", 4, 0, 1, 0, 64), Row("fd_read", 4, 0, 1, 64),
        Row("fd_write", 4, 0, 1, 64), Row("fd_readdir", 3, 8192, 100, 0, 64),
        Row("fd_renumber", 3, 4), Row("fd_seek", 4, 1, 0, 64), Row("fd_tell", 4, 64),
        Row("path_create_directory", 3, 1056, 3), Row("path_filestat_get", 3, 1, 1024, 4, 256),
        Row("path_filestat_set_times", 3, 1, 1024, 4, 1, 1, 5),
        Row("path_link", 3, 0, 1024, 4, 3, 1056, 3),
        Row("path_open", 3, 0, 1024, 4, 0, 2, 2, 0, 512),
        Row("path_readlink", 3, 1040, 4, 256, 10, 64),
        Row("path_remove_directory", 3, 1072, 5), Row("path_rename", 3, 1024, 4, 3, 1056, 3),
        Row("path_symlink", 1024, 4, 3, 1056, 3), Row("path_unlink_file", 3, 1024, 4),
        Row("poll_oneoff", 128, 256, 1, 64),
    ]

    @Test(arguments: rows)
    func `a call on files is charged for by time`(row: Row) throws {
        let sandbox = try FileTests.Sandbox()
        try sandbox.write("text", to: "file")
        try sandbox.link("link", to: "file")
        try sandbox.makeDirectory("empty")
        #expect(sandbox.open("file") == .success)
        let guest = sandbox.guest
        for (path, address) in Self.paths { guest.store(path, at: address) }
        guest.store(buffers: [(8192, 4)], at: 0)
        // A subscription to reading from descriptor 4.
        guest.store(UInt8(1), at: 128 + 8)
        guest.store(UInt32(4), at: 128 + 16)
        let call = guest.perform(row.name, row.arguments)
        #expect(call.slots.first == 0)
        #expect(call.surcharge > (row.name == "poll_oneoff" ? 4 : 16))
    }

    @Test func `a call that is refused before the kernel sees it is charged for too`() throws {
        let sandbox = try FileTests.Sandbox()
        // The memory's bytes are no UTF-8.
        let call = sandbox.guest.perform("path_unlink_file", [3, 8192, 4096])
        #expect(call.slots.first == UInt64(ErrorNumber.ilseq.rawValue))
        #expect(call.surcharge > 0)
    }

    @Test func `reading one entry of a directory costs what its batch costs`() throws {
        let sandbox = try FileTests.Sandbox()
        for index in 0..<500 { try sandbox.write("", to: "entry-\(index)") }
        let call = sandbox.guest.perform("fd_readdir", [3, 8192, 24, 0, 64])
        #expect(call.slots.first == 0)
        // Ten nanoseconds an entry: less than it takes anywhere.
        #expect(call.surcharge > 5000)
    }

    @Test func `calls on files are not charged for by time when there are none`() {
        let guest = FakeGuest()
        #expect(guest.perform("path_unlink_file", [3, 8192, 1]).surcharge == 0)
        #expect(guest.perform("fd_close", [1]).surcharge == 0)
    }
}
