/// Which lines of which source files instructions come from, as a module's DWARF says.
///
/// Only an index of the sequences (in practice, of the functions) is kept; the rows of one are made
/// anew at each question. Nothing depends on debug information, so nothing in it is an error: what
/// cannot be read is left out.
struct LineTable: Sendable {
    /// A run of rows with rising addresses.
    private struct Sequence {
        var addresses: Range<UInt64>
        /// The place of its program among `programs`.
        var program: Int
        /// Where its instructions begin.
        var start: Int
    }

    private var programs: [LineProgram] = []
    /// By their first address.
    private var sequences: [Sequence] = []
    private var strings = LineProgram.StringSections()
    private let codeOffset: Int

    /// A larger `.debug_line` is not read: the time is the trapping request's.
    static let byteCountMax = 32 << 20

    /// Reads the index of a decoded module; costs time in proportion to the section, and memory in
    /// proportion to the count of functions in it.
    init(_ structure: ModuleStructure, bytes: [UInt8]) {
        codeOffset = structure.codeOffset
        let sections = structure.customSections
        guard let section = sections.first(where: { $0.name == ".debug_line" })?.bytes,
            section.count <= Self.byteCountMax
        else { return }
        strings.lines = sections.first { $0.name == ".debug_line_str" }?.bytes ?? 0..<0
        strings.general = sections.first { $0.name == ".debug_str" }?.bytes ?? 0..<0
        var reader = DebugReader(bytes, section)
        // A length of 64 bits begins with 0xFFFFFFFF and is of no use in a module: it ends the loop.
        while let length = reader.integer(4), let unit = reader.sub(length) {
            guard let program = LineProgram(unit, bytes: bytes) else { continue }
            index(program, bytes)
        }
        sequences.sort { $0.addresses.lowerBound < $1.addresses.lowerBound }
    }

    private mutating func index(_ program: LineProgram, _ bytes: [UInt8]) {
        var start = program.instructions.lowerBound
        var first: UInt64?
        let place = programs.count
        programs.append(program)
        program.run(bytes, from: start) { row, next in
            if row.endsSequence {
                // What the linker left out begins at 0, where no function can.
                if let first, first > 0, first < row.address {
                    sequences.append(
                        Sequence(addresses: first..<row.address, program: place, start: start)
                    )
                }
                start = next
                first = nil
            } else if first == nil {
                first = row.address
            }
            return true
        }
    }

    /// The line of the instruction at a byte of the module.
    ///
    /// Takes the rows that it makes from `rowCountMax`, and answers nil when that is used up.
    func location(
        of offset: Int,
        _ bytes: [UInt8],
        rowCountMax: inout Int
    ) -> SourcePosition? {
        guard offset >= codeOffset else { return nil }
        let address = UInt64(offset - codeOffset)
        let next = sequences.partitioningIndex { $0.addresses.lowerBound > address }
        guard next > 0, sequences[next - 1].addresses.contains(address) else { return nil }
        let sequence = sequences[next - 1]
        let program = programs[sequence.program]
        var found: LineProgram.Row?
        program.run(bytes, from: sequence.start) { row, _ in
            rowCountMax -= 1
            guard row.address <= address, !row.endsSequence, rowCountMax > 0 else { return false }
            found = row
            return true
        }
        guard rowCountMax > 0 else { return nil }
        // Line 0: code that comes from no line.
        guard let found, found.line > 0,
            let file = program.path(of: found.file, bytes, strings)
        else { return nil }
        return SourcePosition(
            file: file,
            line: Int(clamping: found.line),
            column: found.column > 0 ? Int(clamping: found.column) : nil
        )
    }
}

/// A place in a source file.
public struct SourcePosition: Equatable, Sendable, CustomStringConvertible {
    /// The path as the compiler gave it.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column, from 1, when it is known.
    public let column: Int?

    /// Makes a place.
    public init(file: String, line: Int, column: Int?) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `src/main.c:12:7`.
    public var description: String {
        "\(file):\(line)" + (column.map { ":\($0)" } ?? "")
    }
}
