import Platform
import Store
import Testing

@testable import Daemon

/// Archives as they come, and as they must not come.
struct TarTests {
    /// A member with a header of its own making.
    private func member(
        _ name: String,
        _ content: String = "",
        type: Character = "0",
        edit: (inout [UInt8]) -> Void = { _ in }
    ) -> [UInt8] {
        var bytes = TarWriter.archive([(name, Array(content.utf8))])
        bytes.removeLast(1024)
        bytes[156] = type.asciiValue ?? 0
        edit(&bytes)
        let sum = bytes[..<512].enumerated().reduce(0) { sum, entry in
            sum + ((148..<156).contains(entry.offset) ? 32 : Int(entry.element))
        }
        let digits = String(sum, radix: 8)
        let field = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
        bytes.replaceSubrange(148..<156, with: Array(field.utf8))
        return bytes
    }

    private let end = [UInt8](repeating: 0, count: 1024)

    private func names(_ archive: [UInt8]) throws -> [String] {
        try TarReader.files(of: archive).map(\.path)
    }

    private func refusal(_ archive: [UInt8]) -> TarError? {
        do {
            _ = try TarReader.files(of: archive)
            return nil
        } catch {
            return error
        }
    }

    @Test func `what was written is read again, long names included`() throws {
        let long = (0..<20).map { "folder-\($0)" }.joined(separator: "/") + "/ü.txt"
        let files: [(path: String, bytes: [UInt8])] = [
            ("a.txt", Array("a".utf8)), ("b/empty", []), (long, [UInt8](repeating: 7, count: 1500)),
        ]
        let read = try TarReader.files(of: TarWriter.archive(files))
        #expect(read.map(\.path) == files.map(\.path))
        #expect(read.map(\.bytes) == files.map(\.bytes))
    }

    @Test func `directories, a leading dot and GNU's long names are understood`() throws {
        let archive =
            member("./", type: "5") + member("./lib/", type: "5") + member("./lib/a", "a")
            + member("././@LongLink", "lib/long\0", type: "L") + member("lib/cut", "b")
            + member("comment", "20 comment=archived\n", type: "g") + end
        #expect(try names(archive) == ["lib/a", "lib/long"])
    }

    @Test(arguments: [
        ("/etc/passwd", "absolute"), ("../up", "'..'"), ("a/../../b", "'..'"), ("a//b", "empty"),
        ("a/./b", "empty component, or '.'"), ("a\u{1}b", "control"), ("a\nb", "control"),
        (String(repeating: "a/", count: 40) + "b", "32 components"),
        (String(repeating: "a", count: 600), "512 bytes"),
    ])
    func `paths that lead elsewhere are refused`(name: String, reason: String) throws {
        let records = TarWriter.archive([(name, [])])
        let error = try #require(refusal(records))
        #expect(error.description.contains(reason))
    }

    @Test(arguments: [
        ("1", "a link"), ("2", "a link"), ("K", "a link"), ("3", "a device"), ("4", "a device"),
        ("6", "a device"), ("S", "type 'S'"), ("7", "type '7'"),
    ])
    func `only files and directories are allowed`(type: Character, reason: String) throws {
        let error = try #require(refusal(member("ok") + member("evil", type: type) + end))
        #expect(error.member == "evil")
        #expect(error.offset == 512)
        #expect(error.reason.contains(reason))
    }

    @Test func `nothing stands twice, or beneath a file`() throws {
        #expect(refusal(member("a") + member("a") + end)?.reason.contains("twice") == true)
        #expect(refusal(member("a") + member("./a") + end)?.reason.contains("twice") == true)
        #expect(refusal(member("a") + member("a/b") + end)?.reason.contains("beneath 'a'") == true)
        #expect(refusal(member("a/b") + member("a") + end)?.reason.contains("both") == true)
    }

    @Test func `a damaged archive is refused where it is damaged`() throws {
        let good = member("a", "content") + member("b") + end
        #expect(try names(good) == ["a", "b"])
        var flipped = good
        flipped[1024 + 5] ^= 1
        let error = try #require(refusal(flipped))
        #expect(error.offset == 1024)
        #expect(error.reason.contains("checksum"))
        #expect(refusal(Array(good.dropLast(1024)))?.reason.contains("too early") == true)
        #expect(refusal(Array(good.prefix(515)))?.reason.contains("archive ends after") == true)
        #expect(refusal(good + [1])?.reason.contains("after the archive's end") == true)
        let isLarge = member("a") { $0.replaceSubrange(124..<136, with: "77777777777\0".utf8) }
        #expect(refusal(isLarge + end)?.reason.contains("the archive ends after") == true)
        let isOdd = member("a") { $0.replaceSubrange(124..<136, with: "0000000000x\0".utf8) }
        #expect(refusal(isOdd + end)?.reason.contains("octal") == true)
        #expect(refusal([UInt8]("not an archive".utf8))?.reason.contains("too early") == true)
    }

    @Test(arguments: [
        "9 path=\n", "99 path=a\n", "10 path=aa", "x path=a\n", "path=a\n", "17 size=-1234567\n",
        "22 GNU.sparse.major=1\n",
    ])
    func `a malformed extended header is refused`(record: String) throws {
        let archive = member("pax", record, type: "x") + member("a") + end
        #expect(refusal(archive) != nil)
    }

    @Test func `there is a limit to members`() throws {
        var limits = TarReader.Limits()
        limits.memberCountMax = 2
        let archive = member("a") + member("b") + member("c") + end
        #expect(throws: TarError.self) { try TarReader.files(of: archive, limits: limits) }
    }

    // MARK: - What is run

    private func main(_ names: String..., settings: String? = nil) throws -> String {
        var files = names.map { StoredFile(path: $0, bytes: Array("x".utf8)) }
        if let settings {
            files.append(StoredFile(path: "roost.json", bytes: Array(settings.utf8)))
        }
        return try CodeArchive(files).main
    }

    @Test func `the module or script that is run is found`() throws {
        #expect(try main("a.wasm", "main.js", "lib/b.wasm") == "a.wasm")
        #expect(try main("main.js", "other.js", "lib/x.js") == "main.js")
        #expect(try main("thing.py", "data.txt") == "thing.py")
        #expect(try main("a.js", "b.js", settings: #"{module: "./b.js"}"#) == "b.js")
        #expect(try main("lib/a.wat", settings: #"{module: "lib/a.wat"}"#) == "lib/a.wat")
    }

    @Test func `an archive that leaves it open is refused`() {
        #expect(throws: Problem.self) { try main("a.wasm", "b.wasm") }
        #expect(throws: Problem.self) { try main("a.js", "b.js") }
        #expect(throws: Problem.self) { try main("data.txt", "lib/a.wasm") }
        #expect(throws: Problem.self) { try main("a.js", settings: #"{module: "b.js"}"#) }
        #expect(throws: Problem.self) { try main("a.js", settings: "[1]") }
        #expect(throws: Problem.self) { try main("a.js", settings: "{module: 1}") }
    }
}
