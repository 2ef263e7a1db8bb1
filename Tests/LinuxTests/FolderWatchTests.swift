import Foundation
import Linux
import TestSupport
import Testing

struct FolderWatchTests {
    private func watch(_ folder: ScratchFolder) throws -> FolderWatch {
        try FolderWatch(folder.path) { $0.hasSuffix(".o") || $0 == "target" }
    }

    @Test func `a file that is written, replaced, moved or deleted is told`() throws {
        let folder = try ScratchFolder()
        var watch = try watch(folder)
        try folder.write("1", to: "a")
        #expect(try watch.wait(quietMilliseconds: 1) == ["a"])
        // As editors do it: a new file takes the old one's place.
        try folder.write("2", to: "b")
        try #require(unsafe rename(folder.file("b"), folder.file("a")) == 0)
        #expect(try watch.wait(quietMilliseconds: 1) == ["a", "b"])
        try FileManager.default.removeItem(atPath: folder.file("a"))
        #expect(try watch.wait(quietMilliseconds: 1) == ["a"])
    }

    @Test func `folders within count, those that come later too`() throws {
        let folder = try ScratchFolder()
        let manager = FileManager.default
        try manager.createDirectory(
            atPath: folder.file("src/deep"),
            withIntermediateDirectories: true
        )
        var watch = try watch(folder)
        try folder.write("1", to: "src/deep/a")
        #expect(try watch.wait(quietMilliseconds: 1) == ["src/deep/a"])
        try manager.createDirectory(atPath: folder.file("new"), withIntermediateDirectories: false)
        #expect(try watch.wait(quietMilliseconds: 1) == ["new"])
        try folder.write("1", to: "new/b")
        #expect(try watch.wait(quietMilliseconds: 1) == ["new/b"])
    }

    @Test func `what is ignored wakes nobody`() throws {
        let folder = try ScratchFolder()
        try FileManager.default.createDirectory(
            atPath: folder.file("target"),
            withIntermediateDirectories: false
        )
        var watch = try watch(folder)
        try folder.write("1", to: "a.o")
        try folder.write("1", to: "target/b")
        try folder.write("1", to: "c")
        #expect(try watch.wait(quietMilliseconds: 1) == ["c"])
    }

    @Test func `a link is not followed, but the folder may be named by one`() throws {
        let (folder, other) = (try ScratchFolder(), try ScratchFolder())
        let manager = FileManager.default
        try manager.createSymbolicLink(
            atPath: folder.file("link"),
            withDestinationPath: other.path
        )
        var watch = try FolderWatch(folder.file("link")) { _ in false }
        var outer = try FolderWatch(folder.path) { _ in false }
        try other.write("1", to: "a")
        #expect(try watch.wait(quietMilliseconds: 1) == ["a"])
        try folder.write("1", to: "b")
        #expect(try outer.wait(quietMilliseconds: 1) == ["b"])
    }

    @Test func `a folder that is gone ends the watch`() throws {
        let folder = try ScratchFolder()
        let path = folder.file("project")
        let manager = FileManager.default
        try manager.createDirectory(atPath: path, withIntermediateDirectories: false)
        var watch = try FolderWatch(path) { _ in false }
        try manager.removeItem(atPath: path)
        let error = #expect(throws: SystemError.self) {
            _ = try watch.wait(quietMilliseconds: 1)
        }
        #expect(error?.code == ENOENT)
    }

    @Test func `what is no folder cannot be watched`() throws {
        let folder = try ScratchFolder()
        try folder.write("1", to: "a")
        for name in ["a", "missing"] {
            #expect(throws: SystemError.self) {
                _ = try FolderWatch(folder.file(name)) { _ in false }
            }
        }
    }
}
