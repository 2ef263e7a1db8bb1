import Testing
import Wasm

@testable import WASI

/// The read-only tree, through the functions that guests call.
struct FileTreeTests {
    private let guest = FakeGuest()

    init() throws {
        guest.context.tree = try FileTree([
            ("hello.txt", Array("hello, world".utf8)), ("lib/a.js", Array("a".utf8)),
            ("lib/deep/b.js", Array("b".utf8)), ("empty", []),
        ])
    }

    private func open(
        _ path: String,
        from directory: UInt64 = 3,
        creation: UInt64 = 0,
        rights: DescriptorRights = .read
    ) -> ErrorNumber? {
        guest.store(path, at: 1024)
        return guest.call(
            "path_open",
            directory,
            1,
            1024,
            UInt64(path.utf8.count),
            creation,
            rights.rawValue,
            DescriptorRights.file.rawValue,
            0,
            512
        )
    }

    private var opened: UInt64 { UInt64(guest.load(512, as: UInt32.self)) }

    /// Reads up to so many bytes from the descriptor that was opened.
    private func read(_ count: UInt32) -> String? {
        guest.store(buffers: [(2048, count)], at: 0)
        guard guest.call("fd_read", opened, 0, 1, 16) == .success else { return nil }
        return guest.text(2048, Int(guest.load(16, as: UInt32.self)))
    }

    @Test func `the root is open from the start, as a slash`() {
        #expect(guest.call("fd_prestat_get", 3, 0) == .success)
        #expect(guest.load(4, as: UInt32.self) == 1)
        #expect(guest.call("fd_prestat_dir_name", 3, 64, 1) == .success)
        #expect(guest.text(64, 1) == "/")
        #expect(guest.call("fd_prestat_get", 4, 0) == .badf)
    }

    @Test func `files are read piece by piece, and from where one seeks to`() {
        #expect(open("hello.txt", rights: [.read, .seek, .tell]) == .success)
        #expect(read(5) == "hello")
        #expect(read(100) == ", world")
        #expect(read(100) == "")
        #expect(guest.call("fd_seek", opened, UInt64(bitPattern: -5), 2, 24) == .success)
        #expect(guest.load(24, as: UInt64.self) == 7)
        #expect(read(100) == "world")
        #expect(guest.call("fd_tell", opened, 24) == .success)
        #expect(guest.load(24, as: UInt64.self) == 12)
        #expect(guest.call("fd_seek", opened, UInt64(bitPattern: -13), 2, 24) == .inval)
        guest.store(buffers: [(2048, 3)], at: 0)
        #expect(guest.call("fd_pread", opened, 0, 1, 9, 16) == .success)
        #expect(guest.text(2048, 3) == "rld")
    }

    @Test(arguments: [
        ("lib/a.js", ErrorNumber.success), ("lib/../lib/./a.js", .success), ("lib//a.js", .success),
        ("nothing", .noent), ("hello.txt/x", .notdir), ("hello.txt/", .notdir), ("..", .perm),
        ("lib/../../etc/passwd", .perm), ("/hello.txt", .perm), ("", .noent),
    ])
    func `a path leads to what lies beneath the root, and nowhere else`(
        path: String,
        expected: ErrorNumber
    ) {
        #expect(open(path) == expected)
    }

    @Test func `a directory that was opened is a root of its own`() {
        #expect(open("lib", rights: .directory) == .success)
        let lib = opened
        #expect(open("deep/b.js", from: lib) == .success)
        #expect(read(10) == "b")
        #expect(open("../hello.txt", from: lib) == .perm)
    }

    @Test func `nothing can be written`() {
        #expect(open("hello.txt", rights: [.read, .write]) == .rofs)
        #expect(open("new", creation: 1) == .rofs)
        #expect(open("hello.txt", creation: 8) == .rofs)
        #expect(open("hello.txt", creation: 5) == .exist)
        #expect(open("lib", rights: [.read, .write]) == .isdir)
        #expect(open("hello.txt", creation: 2) == .notdir)
        #expect(open("hello.txt") == .success)
        guest.store(buffers: [(2048, 1)], at: 0)
        #expect(guest.call("fd_write", opened, 0, 1, 16) == .rofs)
        #expect(guest.call("fd_filestat_set_size", opened, 0) == .rofs)
        #expect(guest.call("fd_allocate", opened, 0, 1) == .rofs)
        guest.store("lib", at: 1024)
        #expect(guest.call("path_create_directory", 3, 1024, 3) == .rofs)
        #expect(guest.call("path_remove_directory", 3, 1024, 3) == .rofs)
        #expect(guest.call("path_unlink_file", 3, 1024, 3) == .rofs)
        #expect(guest.call("path_rename", 3, 1024, 3, 3, 1024, 3) == .rofs)
        #expect(guest.call("path_readlink", 3, 1024, 3, 2048, 10, 16) == .inval)
    }

    @Test func `sizes and kinds are known`() {
        guest.store("hello.txt", at: 1024)
        #expect(guest.call("path_filestat_get", 3, 0, 1024, 9, 2048) == .success)
        #expect(guest.load(2048 + 16, as: UInt8.self) == FileType.regularFile.rawValue)
        #expect(guest.load(2048 + 32, as: UInt64.self) == 12)
        guest.store("lib", at: 1024)
        #expect(guest.call("path_filestat_get", 3, 0, 1024, 3, 2048) == .success)
        #expect(guest.load(2048 + 16, as: UInt8.self) == FileType.directory.rawValue)
        #expect(guest.call("fd_filestat_get", 3, 2048) == .success)
        #expect(guest.call("fd_fdstat_get", 3, 2048) == .success)
        #expect(guest.load(2048, as: UInt8.self) == FileType.directory.rawValue)
    }

    @Test func `a directory is listed, from any entry on`() {
        var place: UInt64 = 0
        var names: [String] = []
        while guest.call("fd_readdir", 3, 4096, 40, place, 16) == .success {
            let used = Int(guest.load(16, as: UInt32.self))
            guard used >= 24 else { break }
            let length = Int(guest.load(4096 + 16, as: UInt32.self))
            names.append(guest.text(4096 + 24, min(length, used - 24)))
            place = guest.load(4096, as: UInt64.self)
        }
        #expect(names == [".", "..", "empty", "hello.txt", "lib"])
        #expect(open("hello.txt", rights: [.read, .readDirectory]) == .success)
        #expect(guest.call("fd_readdir", opened, 4096, 40, 0, 16) == .notdir)
    }

    @Test(arguments: ["a//b", "../a", "a/./b", "", "lib"])
    func `paths that are none, or both file and directory, are refused`(path: String) {
        #expect(throws: FileTree.Conflict.self) {
            try FileTree([("lib/a.js", []), (path, [])])
        }
    }

    @Test func `captured descriptors go on, with the root of the new tree`() throws {
        #expect(open("hello.txt", rights: [.read, .seek]) == .success)
        #expect(read(7) == "hello, ")
        let captured = try #require(guest.context.captureDescriptors())
        guest.context.tree = try FileTree([("other", Array("other".utf8))])
        #expect(guest.call("fd_read", opened, 0, 1, 16) == .badf)
        guest.context.restore(captured)
        #expect(read(100) == "world")
        #expect(open("hello.txt") == .noent)
        #expect(open("other") == .success)
    }
}
