import TestSupport
import Testing

@testable import Wasm

struct NameSectionTests {
    private func names(_ contents: [UInt8]) throws -> NameSection {
        var module = ModuleBuilder()
        module.addFunction([], [], [0x0B])
        module.addFunction([], [], [0x0B])
        module.customSections = [
            ModuleBuilder.name("other"), ModuleBuilder.name("name") + contents,
        ]
        let structure = try ModuleDecoder.decode(module.bytes, limits: ModuleLimits())
        return NameSection(structure, bytes: module.bytes)
    }

    @Test func `the names of the module and its functions are read`() throws {
        let functions: [UInt8] = [2, 0, 1, 0x61, 1, 2, 0x62, 0x63]
        let names = try names(
            ModuleBuilder.section(0, ModuleBuilder.name("mod"))
                + ModuleBuilder.section(9, [1, 2, 3]) + ModuleBuilder.section(1, functions)
        )
        #expect(names.module == "mod")
        #expect(names.functions == [0: "a", 1: "bc"])
    }

    @Test func `names that cannot be read are left out`() throws {
        // The count promises three; the second is of no function; the third is cut.
        let names = try names([1, 99, 3, 0, 1, 0x61, 7, 1, 0x62, 1, 9, 0x63])
        #expect(names.functions == [0: "a"])
        #expect(names.module == nil)
    }

    @Test func `bytes that are not UTF-8 are replaced`() throws {
        #expect(try names([0, 3, 2, 0x61, 0xFF]).module == "a\u{FFFD}")
    }

    /// How many letters a name begins with, what follows, and how many bytes are shown if not all.
    @Test(
        arguments: [
            (256, "", nil), (257, "", 256), (100_000, "", 256), (254, "é", nil), (255, "é", 255),
            (254, "éb", 256), (252, "😀", nil), (253, "😀", 253), (255, "😀", 255),
        ] as [(Int, String, Int?)]
    )
    func `a long name is cut between characters`(letters: Int, rest: String, kept: Int?) throws {
        let name = String(repeating: "a", count: letters) + rest
        let names = try names(
            ModuleBuilder.section(0, ModuleBuilder.name(name))
                + ModuleBuilder.section(1, [1, 0] + ModuleBuilder.name(name))
        )
        let expected = kept.map { String(decoding: name.utf8.prefix($0), as: UTF8.self) + "…" }
        #expect(names.functions == [0: expected ?? name])
        #expect(names.module == expected ?? name)
    }

    @Test func `a long name that is not UTF-8 is cut`() throws {
        let bytes = [UInt8](repeating: 0x80, count: 1_000)
        let name = try names(ModuleBuilder.section(0, ModuleEncoding.counted(bytes))).module
        #expect(name == String(repeating: "\u{FFFD}", count: 253) + "…")
    }

    @Test func `a long name that only an export has is cut`() throws {
        var module = ModuleBuilder()
        module.addFunction([], [], [0x0B])
        module.exports = [ModuleBuilder.export(String(repeating: "a", count: 1_000), 0, 0)]
        let name = try Module(module.bytes).functionName(0)
        #expect(name == String(repeating: "a", count: 256) + "…")
    }

    @Test func `a module without names has none`() throws {
        let structure = try ModuleDecoder.decode(ModuleBuilder.header, limits: ModuleLimits())
        #expect(NameSection(structure, bytes: ModuleBuilder.header).functions.isEmpty)
    }
}
