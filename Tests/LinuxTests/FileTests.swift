import Glibc
import Linux
import Testing

struct FileTests {
    @Test func `a link is not read through a slash after its name`() throws {
        let directory = try FileDescriptor(opening: "/proc/self", flags: O_RDONLY | O_DIRECTORY)
        #expect(try !directory.linkTarget(Array("cwd".utf8)).isEmpty)
        for name in ["cwd/", "cwd/.", "root/proc/self/cwd"] {
            #expect(throws: SystemError(call: "readlinkat", code: EINVAL)) {
                try directory.linkTarget(Array(name.utf8))
            }
        }
    }

    @Test func `room is not made by writing to every block`() throws {
        // A file of a file system that cannot allocate.
        let file = try FileDescriptor(opening: "/proc/self/comm", flags: O_RDWR)
        #expect(throws: SystemError(call: "fallocate", code: EOPNOTSUPP)) {
            try file.allocate(0, count: 1)
        }
    }

    @Test func `room is made at the end of a file`() throws {
        let file = try MemoryFile(name: "room", contents: [1, 2, 3])
        try file.descriptor.allocate(2, count: 4096)
        #expect(try file.descriptor.status().size == 4098)
    }

    /// The limit is lowered to what no other test's files come near.
    @Test func `a file at the limit of sizes does not end the process`() throws {
        ProcessSignals.ignoreFileSizeLimit()
        let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
        var limit = rlimit()
        #expect(unsafe getrlimit(resource, &limit) == 0)
        var lowered = limit
        lowered.rlim_cur = min(limit.rlim_cur, 1 << 40)
        #expect(unsafe setrlimit(resource, &lowered) == 0)
        defer { _ = unsafe setrlimit(resource, &limit) }
        let file = try MemoryFile(name: "large", contents: [])
        #expect(throws: SystemError(call: "ftruncate", code: EFBIG)) {
            try file.descriptor.setSize(UInt64(lowered.rlim_cur) + 1)
        }
    }
}
