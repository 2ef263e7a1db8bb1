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

    // MARK: - Hostile sections

    /// Files of version 4: none has a directory.
    private static let mainFile: [UInt8] = [0] + text("main.c") + [0, 0, 0] + [0]
    /// Files of version 5, of which the second is meant.
    private static let newerMainFile: [UInt8] = [1, 1, 0x08, 2] + text("") + text("main.c")

    /// With instructions between the first row and the one that is looked for.
    private static func program(with instructions: [UInt8]) -> [UInt8] {
        Array(program.prefix(10)) + instructions + program.dropFirst(10)
    }

    /// What makes a search long.
    enum Excess: CaseIterable {
        case rows
        case instructionsWithoutRows
        case operands
        case directories
        case directoryNames
        case files
        case olderDirectories
        case olderFiles

        /// A unit that says `main.c:12:7`, after thousands of what is in excess.
        var unit: [UInt8] {
            let count = 5_000
            let zeros = ModuleEncoding.unsigned(count) + [UInt8](repeating: 0, count: count)
            let header: (version: UInt8, files: [UInt8])
            var program = LineTableTests.program
            switch self {
            case .rows:
                header = (4, mainFile)
                program = LineTableTests.program(with: [UInt8](repeating: 1, count: count))
            case .instructionsWithoutRows:
                header = (4, mainFile)
                program = LineTableTests.program(with: [UInt8](repeating: 6, count: count))
            case .operands:
                header = (4, mainFile)
                let number = [UInt8](repeating: 0x80, count: count) + [0]
                program = LineTableTests.program(with: [5] + number)
            case .directories:
                // Each is one byte that says nothing.
                header = (5, [1, 2, 0x0B] + zeros + newerMainFile)
            case .directoryNames:
                header = (5, [1, 1, 0x08] + zeros + newerMainFile)
            case .files:
                program = [4] + ModuleEncoding.unsigned(count) + LineTableTests.program
                let names = [UInt8](repeating: 0, count: count) + text("main.c")
                header = (5, [0, 0, 1, 1, 0x08] + ModuleEncoding.unsigned(count + 1) + names)
            case .olderDirectories:
                let names = [[UInt8]](repeating: text("d"), count: count).joined()
                header = (4, names + mainFile)
            case .olderFiles:
                program = [4] + ModuleEncoding.unsigned(count + 1) + LineTableTests.program
                let files = [[UInt8]](repeating: text("f") + [0, 0, 0], count: count).joined()
                header = (4, [0] + files + mainFile.dropFirst())
            }
            return LineTableTests.unit(
                version: header.version,
                files: header.files,
                program: program
            )
        }
    }

    private static func table(_ bytes: [UInt8]) throws -> (table: LineTable, offset: Int) {
        let structure = try ModuleDecoder.decode(bytes, limits: ModuleLimits())
        return (LineTable(structure, bytes: bytes), structure.codeOffset + 6)
    }

    @Test(arguments: Excess.allCases)
    func `a search reads no more than it may`(excess: Excess) throws {
        let bytes = try Self.module([(".debug_line", excess.unit)])
        let (table, offset) = try Self.table(bytes)
        var short = LineTable.Search(byteCountMax: 2_000)
        #expect(table.location(of: offset, bytes, &short) == nil)
        #expect((0..<2_000).contains(short.byteCountMax))
        var long = LineTable.Search(byteCountMax: 100_000)
        #expect(table.location(of: offset, bytes, &long)?.description == "main.c:12:7")
        #expect((1..<95_000).contains(long.byteCountMax))
    }

    @Test(arguments: [1, 6] as [UInt8])
    func `a trap whose line would take too long to find has none`(opcode: UInt8) throws {
        let count = LineTable.Search().byteCountMax
        let unit = Self.unit(
            version: 4,
            files: Self.mainFile,
            program: Self.program(with: [UInt8](repeating: opcode, count: count))
        )
        let trap = try #require(try Self.trap(try Self.module([(".debug_line", unit)])))
        #expect(trap.backtrace.first?.source == nil)
    }

    @Test func `the path of a file is looked up once in a report`() throws {
        let bytes = try Self.module([(".debug_line", Excess.olderDirectories.unit)])
        let (table, offset) = try Self.table(bytes)
        var search = LineTable.Search(byteCountMax: 100_000)
        let first = table.location(of: offset, bytes, &search)
        let left = search.byteCountMax
        #expect(left < 95_000)
        #expect(table.location(of: offset, bytes, &search) == first)
        #expect(first?.file == "main.c")
        #expect(left - search.byteCountMax < 100)
    }

    @Test func `one report has lines of several modules`() throws {
        let other = Self.unit(
            version: 4,
            files: [0] + Self.text("other.c") + [0, 0, 0] + [0],
            program: Self.program
        )
        let modules = try [Self.version4, other].map { unit in
            let bytes = try Self.module([(".debug_line", unit)])
            return (bytes, try Self.table(bytes))
        }
        var search = LineTable.Search()
        let files = modules.map { bytes, place in
            place.table.location(of: place.offset, bytes, &search)?.file
        }
        #expect(files == ["src/main.c", "other.c"])
    }

    @Test func `long names in a path are cut`() throws {
        let long = String(repeating: "x", count: 100_000)
        let cut = String(repeating: "x", count: ReportedName.byteCountMax) + "…"
        let older = Self.unit(
            version: 4,
            files: Self.text(long) + [0] + Self.text(long) + [1, 0, 0] + [0],
            program: Self.program
        )
        let trap = try Self.trap(try Self.module([(".debug_line", older)]))
        #expect(trap?.backtrace.first?.source?.file == "\(cut)/\(cut)")
        // The strings have no end.
        let newer = try Self.trap(
            try Self.module([
                (".debug_line", Self.version5),
                (".debug_line_str", Self.version5Strings.dropLast() + Array(long.utf8)),
            ])
        )
        let rest = cut.dropFirst("main.c".count)
        #expect(newer?.backtrace.first?.source?.file == "/home/src/main.c\(rest)")
    }

    @Test func `programs without sequences are not kept`() throws {
        let units = [[UInt8]](
            repeating: Self.unit(version: 4, files: [], program: []),
            count: 1_000
        )
        let section = Array((units + [Self.version4]).joined())
        let bytes = try Self.module([(".debug_line", section)])
        let (table, offset) = try Self.table(bytes)
        var search = LineTable.Search()
        #expect(table.location(of: offset, bytes, &search)?.line == 12)
        #expect(table.index.programs.count == 1)
    }

    @Test func `the number of sequences that are kept has a limit`() throws {
        let limit = LineTable.Index.sequenceCountMax
        // Each is of one byte at 1 << 24.
        let sequence: [UInt8] = [0, 5, 2, 0, 0, 0, 1, 1, 2, 1, 0, 1, 1]
        var program: [UInt8] = []
        for _ in 0...limit { program += sequence }
        let unit = Self.unit(version: 4, files: Self.mainFile, program: program)
        let bytes = try Self.module([(".debug_line", unit + Self.version4)])
        let (table, offset) = try Self.table(bytes)
        #expect(table.index.sequences.count == limit)
        var search = LineTable.Search()
        #expect(table.location(of: offset, bytes, &search) == nil)
    }
}
