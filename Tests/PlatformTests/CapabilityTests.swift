import HTTPWasm
import Testing
import WASI
import Wasm
import WasmText

@testable import Platform

struct CapabilityTests {
    private func capabilities(_ imports: String) throws -> [Capability] {
        let text = "(module \(imports) (memory (export \"memory\") 1))"
        return Capability.all(of: try Module(TextModule.encode(Array(text.utf8))).imports)
    }

    @Test func `every function of the host is for something`() {
        for name in WASIPreview1.functions.keys {
            #expect(Capability.group(WASIPreview1.moduleName, name) != .other, "\(name)")
        }
        for name in WASIPreview1.unstableFunctions.keys {
            #expect(Capability.group(WASIPreview1.unstableModuleName, name) != .other, "\(name)")
        }
        for name in HandlerInterface.functions.keys {
            #expect(Capability.group(HandlerInterface.moduleName, name) != .other, "\(name)")
        }
    }

    @Test func `imports are grouped by what they are for`() throws {
        let found = try capabilities(
            """
            (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_res_get" (func (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_rename" (func))
            (import "wasi_snapshot_preview1" "path_rename" (func))
            (import "elsewhere" "thing" (func))
            """
        )
        #expect(
            found.map(\.summary) == [
                "reads the clock", "uses randomness", "changes files",
                "calls other functions of its host",
            ]
        )
        #expect(
            found[0].imports == [
                "wasi_snapshot_preview1.clock_time_get", "wasi_snapshot_preview1.clock_res_get",
            ]
        )
        #expect(found[2].imports == ["wasi_snapshot_preview1.path_rename"])
        #expect(found[2].note == "refused: files are read-only behind HTTP")
        #expect(found[3].imports == ["elsewhere.thing"])
    }

    @Test func `a module without imports can do nothing but compute`() throws {
        #expect(try capabilities("").isEmpty)
    }
}
