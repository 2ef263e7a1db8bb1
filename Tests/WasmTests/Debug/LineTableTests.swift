import TestSupport
import Testing
import WasmText

@testable import Wasm

/// Source lines of traps, from line number programs made by hand.
struct LineTableTests {
    /// A function that traps when its argument is 0, at byte 6 of the code section's contents.
    private static let text = """
        (module (func (export "f") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0))))
        """

    /// The rows: bytes 2 to 5 are line 10, from 6 on line 12 column 7, and 9 is the end.
    private static let program: [UInt8] = [
        0, 5, 2, 2, 0, 0, 0,  // DW_LNE_set_address 2
        3, 9, 1,  // DW_LNS_advance_line 9, copy: line 10
        5, 7,  // DW_LNS_set_column 7
        UInt8(13 + 4 * 14 + 5 + 2),  // special: address + 4, line + 2
        2, 3, 0, 1, 1,  // DW_LNS_advance_pc 3, DW_LNE_end_sequence
    ]

    /// After the version and, in version 5, the sizes of addresses and segments.
    private static func unit(version: UInt8, files: [UInt8], program: [UInt8]) -> [UInt8] {
        var header: [UInt8] = [1]
        if version >= 4 { header.append(1) }
        // Statements by default, lines from -5 in a range of 14, 12 standard opcodes.
        header += [1, UInt8(bitPattern: -5), 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1] + files
        var unit: [UInt8] = [version, 0] + (version == 5 ? [4, 0] : [])
        unit += littleEndian(header.count) + header + program
        return littleEndian(unit.count) + unit
    }

    private static func littleEndian(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    private static let version4 = unit(
        version: 4,
        files: text("src") + [0] + text("main.c") + [1, 0, 0] + [0],
        program: program
    )

    /// Directories and files as strings of `.debug_line_str`, by their offsets.
    private static let version5 = unit(
        version: 5,
        files: [1, 1, 0x1F, 2] + littleEndian(0) + littleEndian(6)
            + [2, 1, 0x1F, 2, 0x0B, 2] + littleEndian(10) + [0] + littleEndian(10) + [1],
        program: program
    )
    private static let version5Strings = text("/home") + text("src") + text("main.c")

    private static func module(_ sections: [(String, [UInt8])]) throws -> [UInt8] {
        sections.reduce(into: try TextModule.encode(text)) { bytes, section in
            bytes += ModuleEncoding.section(0, ModuleEncoding.name(section.0) + section.1)
        }
    }

    private static func trap(_ bytes: [UInt8]) throws -> Trap? {
        let instance = try Instance(try Module(bytes).link(Imports()))
        let execution = try Execution(
            instance,
            export: "f",
            arguments: [.i32(0)],
            stack: try ValueStack()
        )
        guard case .trapped(let trap) = execution.resume(budget: 1 << 20) else { return nil }
        return trap
    }

    @Test func `a trap has the file, the line and the column`() throws {
        let older = try Self.trap(try Self.module([(".debug_line", Self.version4)]))
        #expect(older?.backtrace.first?.source?.description == "src/main.c:12:7")
        let newer = try Self.trap(
            try Self.module([
                (".debug_line", Self.version5), (".debug_line_str", Self.version5Strings),
            ])
        )
        #expect(newer?.backtrace.first?.source?.description == "/home/src/main.c:12:7")
    }

    @Test func `a trap without debug information has no line`() throws {
        let trap = try #require(try Self.trap(try Self.module([])))
        #expect(trap.kind == .integerDivideByZero)
        #expect(trap.backtrace.first?.source == nil)
    }

    @Test func `strings outside their section are no path`() throws {
        let trap = try #require(try Self.trap(try Self.module([(".debug_line", Self.version5)])))
        #expect(trap.backtrace.first?.source == nil)
    }

    @Test func `cut or altered debug information changes nothing but the line`() throws {
        for (unit, strings) in [(Self.version4, []), (Self.version5, Self.version5Strings)] {
            for place in unit.indices {
                for altered in [
                    Array(unit[..<place]), Self.replacing(unit, at: place, with: 0xFF),
                    Self.replacing(unit, at: place, with: 0),
                ] {
                    let bytes = try Self.module([
                        (".debug_line", altered), (".debug_line_str", strings),
                    ])
                    let trap = try #require(try Self.trap(bytes))
                    #expect(trap.kind == .integerDivideByZero)
                    #expect(trap.backtrace.count == 1)
                }
            }
        }
    }

    private static func replacing(_ bytes: [UInt8], at place: Int, with byte: UInt8) -> [UInt8] {
        var copy = bytes
        copy[place] = byte
        return copy
    }

    @Test func `a search that would take too long has no line`() throws {
        // Rows of one address, before the one that is looked for.
        let rows = [UInt8](repeating: 1, count: 1 << 20)
        let start = Array(Self.program.prefix(10))
        let unit = Self.unit(
            version: 4,
            files: [0] + Self.text("main.c") + [0, 0, 0] + [0],
            program: start + rows + Self.program.dropFirst(10)
        )
        let trap = try #require(try Self.trap(try Self.module([(".debug_line", unit)])))
        #expect(trap.backtrace.first?.source == nil)
    }
}
