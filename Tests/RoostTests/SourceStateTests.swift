import Foundation
import TestSupport
import Testing

@testable import roost

struct SourceStateTests {
    @Test func `changes are told by content, and what is made from sources is none`() throws {
        let folder = try ScratchFolder()
        for name in ["src", "target"] {
            try FileManager.default.createDirectory(
                atPath: folder.file(name),
                withIntermediateDirectories: false
            )
        }
        for name in ["src/a.c", "b.c", "target/x"] { try folder.write("1", to: name) }
        let before = SourceState(of: folder.path)
        try folder.write("1", to: "b.c")
        try folder.write("2", to: "target/x")
        try folder.write("2", to: "a.wasm")
        #expect(SourceState(of: folder.path).changes(since: before) == [])
        try folder.write("2", to: "src/a.c")
        try FileManager.default.removeItem(atPath: folder.file("b.c"))
        try folder.write("", to: "c.c")
        #expect(
            SourceState(of: folder.path).changes(since: before) == ["b.c", "c.c", "src/a.c"]
        )
    }
}
