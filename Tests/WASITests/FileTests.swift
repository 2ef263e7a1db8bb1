import Foundation
import Linux
import Testing
import Wasm

@testable import WASI

/// Files and directories, through the functions that guests call.
struct FileTests {
    /// A guest with one directory, as descriptor 3, and what lies on the host.
    final class Sandbox {
        let guest: FakeGuest
        let root: URL

        init(_ resolution: PathResolution = .best) throws {
            let manager = FileManager.default
            let outer = manager.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            root = outer.appendingPathComponent("root")
            try manager.createDirectory(at: root, withIntermediateDirectories: true)
            try Data("secret".utf8).write(to: outer.appendingPathComponent("secret"))
            guest = FakeGuest()
            guest.context.directories = [try PreopenedDirectory(host: root.path, guest: "/data")]
            guest.context.resolution = resolution
        }

        deinit { try? FileManager.default.removeItem(at: root.deletingLastPathComponent()) }

        func write(_ text: String, to name: String) throws {
            try Data(text.utf8).write(to: root.appendingPathComponent(name))
        }

        func link(_ name: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(
                atPath: root.appendingPathComponent(name).path,
                withDestinationPath: target
            )
        }

        func makeDirectory(_ name: String) throws {
            try FileManager.default.createDirectory(
                at: root.appendingPathComponent(name),
                withIntermediateDirectories: true
            )
        }

        /// Opens a path; all rights are asked for.
        func open(
            _ path: String,
            follow: Bool = true,
            creation: UInt64 = 0,
            rights: DescriptorRights = .file,
            flags: UInt64 = 0
        ) -> ErrorNumber? {
            guest.store(path, at: 1024)
            return guest.call(
                "path_open",
                3,
                follow ? 1 : 0,
                1024,
                UInt64(path.utf8.count),
                creation,
                rights.rawValue,
                DescriptorRights.file.rawValue,
                flags,
                512
            )
        }

        var opened: UInt64 { UInt64(guest.load(512, as: UInt32.self)) }

        /// Calls a function that takes one path after the directory.
        func path(_ name: String, _ path: String) -> ErrorNumber? {
            guest.store(path, at: 1024)
            return guest.call(name, 3, 1024, UInt64(path.utf8.count))
        }

        func read(_ descriptor: UInt64, _ count: UInt32 = 100) -> String? {
            guest.store(buffers: [(8192, count)], at: 0)
            guard guest.call("fd_read", descriptor, 0, 1, 64) == .success else { return nil }
            return guest.text(8192, Int(guest.load(64, as: UInt32.self)))
        }
    }

    static let resolutions: [PathResolution] = [.kernel, .walk]

    // MARK: - Paths

    /// A path, and what opening it answers in the tree of the test below.
    private static let rows: [(path: String, follow: Bool, expected: ErrorNumber)] = [
        ("file", true, .success), ("./file", true, .success), ("dir//../file", true, .success),
        ("dir/inner", true, .success), ("missing", true, .noent), ("file/x", true, .notdir),
        ("file/", true, .notdir), ("/file", true, .perm), ("/etc/passwd", true, .perm),
        ("..", true, .perm), ("../secret", true, .perm), ("dir/../../secret", true, .perm),
        ("dir/../..", true, .perm), ("toFile", true, .success), ("toFile", false, .loop),
        ("toDirectory/inner", false, .success), ("up", true, .perm),
        ("upDirectory/secret", true, .perm),
        ("absolute", true, .perm), ("self", true, .loop), ("chain", true, .success),
        ("dir/back", true, .success), ("dir/out", true, .perm),
    ]

    @Test(arguments: resolutions)
    func `no path leads out of its directory`(resolution: PathResolution) throws {
        guard resolution == .walk || PathResolution.best == .kernel else { return }
        let sandbox = try Sandbox(resolution)
        try sandbox.write("text", to: "file")
        try sandbox.makeDirectory("dir")
        try sandbox.write("inner", to: "dir/inner")
        try sandbox.link("toFile", to: "file")
        try sandbox.link("toDirectory", to: "dir")
        try sandbox.link("up", to: "../secret")
        try sandbox.link("upDirectory", to: "..")
        try sandbox.link("absolute", to: "/etc/passwd")
        try sandbox.link("self", to: "self")
        try sandbox.link("chain", to: "toDirectory/../toFile")
        try sandbox.link("dir/back", to: "../file")
        try sandbox.link("dir/out", to: "../../secret")
        for row in Self.rows {
            #expect(
                sandbox.open(row.path, follow: row.follow, rights: .read) == row.expected,
                "\(row.path)"
            )
        }
    }

    @Test(arguments: resolutions)
    func `names are changed only beneath the directory`(resolution: PathResolution) throws {
        guard resolution == .walk || PathResolution.best == .kernel else { return }
        let sandbox = try Sandbox(resolution)
        try sandbox.link("out", to: "..")
        #expect(sandbox.path("path_create_directory", "../new") == .perm)
        #expect(sandbox.path("path_create_directory", "out/new") == .perm)
        #expect(sandbox.path("path_unlink_file", "out/secret") == .perm)
        #expect(sandbox.path("path_unlink_file", "../secret") == .perm)
        #expect(sandbox.path("path_remove_directory", "..") == .perm)
        #expect(sandbox.path("path_create_directory", "new") == .success)
        #expect(sandbox.path("path_create_directory", "new") == .exist)
        #expect(sandbox.path("path_create_directory", "new/inner/") == .success)
        #expect(sandbox.path("path_remove_directory", "new") == .notempty)
        #expect(sandbox.path("path_remove_directory", "new/inner") == .success)
        #expect(sandbox.path("path_unlink_file", "out") == .success)
        let secret = sandbox.root.deletingLastPathComponent().appendingPathComponent("secret")
        #expect(FileManager.default.fileExists(atPath: secret.path))
    }

    /// What reading a link answers in the tree of the test below, with a slash after the path.
    private static let slashRows: [(path: String, expected: ErrorNumber)] = [
        ("toSecret", .perm), ("toNothing", .perm), ("toOutside", .perm), ("absolute", .perm),
        ("dangling", .noent), ("toFile", .notdir), ("toDirectory", .inval), ("dir/back", .inval),
        ("file", .notdir), ("dir", .inval), ("missing", .noent),
    ]

    @Test(arguments: resolutions)
    func `a slash after a link tells nothing of what is outside`(
        resolution: PathResolution
    ) throws {
        guard resolution == .walk || PathResolution.best == .kernel else { return }
        let sandbox = try Sandbox(resolution)
        try sandbox.write("text", to: "file")
        try sandbox.makeDirectory("dir")
        for (name, target) in [
            ("toSecret", "../secret"), ("toNothing", "../nothing"), ("toOutside", ".."),
            ("absolute", "/etc/passwd"), ("dangling", "missing"), ("toFile", "file"),
            ("toDirectory", "dir"), ("dir/back", "../dir"),
        ] { try sandbox.link(name, to: target) }
        for row in Self.slashRows {
            let path = row.path + "/"
            sandbox.guest.store(path, at: 1024)
            let count = UInt64(path.utf8.count)
            #expect(
                sandbox.guest.call("path_readlink", 3, 1024, count, 256, 100, 64) == row.expected,
                "\(path)"
            )
        }
        // Other calls take the link as it is, wherever it leads.
        for path in ["toSecret/", "toNothing/", "toOutside/", "absolute/"] {
            #expect(sandbox.path("path_create_directory", path) == .exist)
            #expect(sandbox.path("path_unlink_file", path) == .notdir)
            #expect(sandbox.path("path_remove_directory", path) == .notdir)
        }
    }

    @Test(arguments: [
        ("", ErrorNumber.noent), ("a\u{0}b", .inval),
        (String(repeating: "a", count: 5000), .nametoolong),
    ])
    func `a wrong path is refused`(path: String, expected: ErrorNumber) throws {
        let sandbox = try Sandbox()
        sandbox.guest.store(path, at: 1024)
        let answer = sandbox.guest.call("path_unlink_file", 3, 1024, UInt64(path.utf8.count))
        #expect(answer == expected)
        #expect(sandbox.guest.call("path_unlink_file", 3, 65_530, 10) == .fault)
        #expect(sandbox.guest.call("path_unlink_file", 1, 1024, 1) == .notdir)
    }

    // MARK: - Files

    @Test func `a file is written, moved in and read back`() throws {
        let sandbox = try Sandbox()
        #expect(sandbox.open("new", creation: 1) == .success)
        let file = sandbox.opened
        #expect(file == 4)
        #expect(sandbox.guest.write("hello world", to: file) == .success)
        #expect(sandbox.guest.call("fd_tell", file, 128) == .success)
        #expect(sandbox.guest.load(128, as: UInt64.self) == 11)
        #expect(sandbox.guest.call("fd_seek", file, UInt64(bitPattern: -5), 2, 128) == .success)
        #expect(sandbox.read(file) == "world")
        #expect(sandbox.read(file) == "")
        #expect(sandbox.guest.call("fd_seek", file, 0, 9, 128) == .inval)
        #expect(sandbox.guest.call("fd_filestat_set_size", file, 5) == .success)
        sandbox.guest.store(buffers: [(8192, 100)], at: 0)
        #expect(sandbox.guest.call("fd_pread", file, 0, 1, 1, 64) == .success)
        #expect(sandbox.guest.text(8192, Int(sandbox.guest.load(64, as: UInt32.self))) == "ello")
        #expect(sandbox.guest.call("fd_close", file) == .success)
        #expect(sandbox.read(file) == nil)
        #expect(sandbox.open("new", creation: 1 | 4) == .exist)
    }

    @Test func `rights are needed, given up and not regained`() throws {
        let sandbox = try Sandbox()
        try sandbox.write("text", to: "file")
        #expect(sandbox.open("file", rights: .read) == .success)
        #expect(sandbox.guest.write("x", to: sandbox.opened) == .notcapable)
        #expect(sandbox.guest.call("fd_fdstat_set_rights", sandbox.opened, 0, 0) == .success)
        sandbox.guest.store(buffers: [(8192, 1)], at: 0)
        #expect(sandbox.guest.call("fd_read", sandbox.opened, 0, 1, 64) == .notcapable)
        let all = DescriptorRights.file.rawValue
        #expect(sandbox.guest.call("fd_fdstat_set_rights", sandbox.opened, all, 0) == .notcapable)
    }

    @Test func `a file system that cannot give a file room says so`() throws {
        let guest = FakeGuest()
        guest.context.directories = [try PreopenedDirectory(host: "/proc/self", guest: "/")]
        guest.store("comm", at: 1024)
        let rights = DescriptorRights.file.rawValue
        #expect(guest.call("path_open", 3, 0, 1024, 4, 0, rights, rights, 0, 512) == .success)
        #expect(guest.call("fd_allocate", 4, 0, 1) == .notsup)
    }

    @Test func `what may block is not opened`() throws {
        let sandbox = try Sandbox()
        #expect(unsafe mkfifo(sandbox.root.appendingPathComponent("pipe").path, 0o600) == 0)
        #expect(sandbox.open("pipe", rights: .read) == .acces)
    }

    @Test func `descriptors have a limit`() throws {
        let sandbox = try Sandbox()
        try sandbox.write("", to: "file")
        var answer: ErrorNumber? = .success
        var count = 0
        while answer == .success, count < 2000 {
            answer = sandbox.open("file", rights: .read)
            count += 1
        }
        #expect(answer == .mfile)
        #expect(count == DescriptorTable.countMax - 4 + 1)
    }

    // MARK: - Directories

    @Test func `a directory is read in parts of any size`() throws {
        let sandbox = try Sandbox()
        let names = (0..<50).map { "entry-\($0)" }
        for name in names { try sandbox.write("", to: name) }
        for capacity in [64, 100, 4000] as [UInt64] {
            var found: [String] = []
            var cookie: UInt64 = 0
            while true {
                #expect(
                    sandbox.guest.call("fd_readdir", 3, 8192, capacity, cookie, 64) == .success
                )
                let used = Int(sandbox.guest.load(64, as: UInt32.self))
                var position = 8192
                let end = 8192 + used
                while position + 24 <= end {
                    let length = Int(sandbox.guest.load(position + 16, as: UInt32.self))
                    guard position + 24 + length <= end else { break }
                    found.append(sandbox.guest.text(position + 24, length))
                    cookie = sandbox.guest.load(position, as: UInt64.self)
                    position += 24 + length
                }
                if used < Int(capacity) { break }
            }
            #expect(found.sorted() == (names + [".", ".."]).sorted())
        }
    }

    @Test func `preopened directories have names`() throws {
        let sandbox = try Sandbox()
        #expect(sandbox.guest.call("fd_prestat_get", 3, 128) == .success)
        #expect(sandbox.guest.load(128, as: UInt64.self) == 5 << 32)
        #expect(sandbox.guest.call("fd_prestat_dir_name", 3, 256, 5) == .success)
        #expect(sandbox.guest.text(256, 5) == "/data")
        #expect(sandbox.guest.call("fd_prestat_dir_name", 3, 256, 4) == .nametoolong)
        #expect(sandbox.guest.call("fd_prestat_get", 4, 128) == .badf)
    }

    @Test func `attributes of files and links are told`() throws {
        let sandbox = try Sandbox()
        try sandbox.write("12345", to: "file")
        try sandbox.link("link", to: "file")
        sandbox.guest.store("link", at: 1024)
        #expect(sandbox.guest.call("path_filestat_get", 3, 1, 1024, 4, 256) == .success)
        #expect(sandbox.guest.load(256 + 16, as: UInt8.self) == FileType.regularFile.rawValue)
        #expect(sandbox.guest.load(256 + 32, as: UInt64.self) == 5)
        #expect(sandbox.guest.call("path_filestat_get", 3, 0, 1024, 4, 256) == .success)
        #expect(sandbox.guest.load(256 + 16, as: UInt8.self) == FileType.symbolicLink.rawValue)
        #expect(
            sandbox.guest.call("path_filestat_set_times", 3, 1, 1024, 4, 7, 3_000_000_005, 5)
                == .success
        )
        #expect(sandbox.guest.call("path_filestat_get", 3, 1, 1024, 4, 256) == .success)
        #expect(sandbox.guest.load(256 + 48, as: UInt64.self) == 3_000_000_005)
        #expect(sandbox.guest.call("path_readlink", 3, 1024, 4, 512, 3, 64) == .success)
        #expect(sandbox.guest.text(512, 3) == "fil")
    }
}
