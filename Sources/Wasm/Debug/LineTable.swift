/// Which lines of which source files instructions come from, as a module's DWARF says.
///
/// Only an index of the sequences (in practice, of the functions) is kept; the rows of one are made
/// anew at each question. Nothing depends on debug information, so nothing in it is an error: what
/// cannot be read is left out.
final class LineTable: Sendable {
    /// A larger `.debug_line` is not read: the time is the trapping request's.
    static let byteCountMax = 32 << 20

    let index: Index
    private let strings: LineProgram.StringSections
    private let codeOffset: Int

    /// Reads the index of a decoded module; costs time in proportion to the section, and memory in
    /// proportion to the count of functions in it.
    init(_ structure: ModuleStructure, bytes: [UInt8]) {
        let sections = structure.customSections
        let section = sections.first { $0.name == ".debug_line" }?.bytes ?? 0..<0
        codeOffset = structure.codeOffset
        index = Index(section.count <= Self.byteCountMax ? section : 0..<0, bytes)
        strings = LineProgram.StringSections(
            lines: sections.first { $0.name == ".debug_line_str" }?.bytes ?? 0..<0,
            general: sections.first { $0.name == ".debug_str" }?.bytes ?? 0..<0
        )
    }

    /// The line of the instruction at a byte of the module; nil also when the search has used up
    /// what it may read.
    func location(of offset: Int, _ bytes: [UInt8], _ search: inout Search) -> SourcePosition? {
        guard offset >= codeOffset else { return nil }
        let address = UInt64(offset - codeOffset)
        guard let sequence = index.sequence(at: address) else { return nil }
        var found: LineProgram.Row?
        // Until a row says so, the last one may still be before the instruction's.
        var isPassed = false
        index.programs[sequence.program].run(
            bytes,
            from: sequence.start,
            byteCountMax: &search.byteCountMax
        ) { row, _ in
            isPassed = row.address > address || row.endsSequence
            if !isPassed { found = row }
            return !isPassed
        }
        // Line 0: code that comes from no line.
        guard isPassed, let found, found.line > 0,
            let file = path(of: found.file, sequence.program, bytes, &search)
        else { return nil }
        return SourcePosition(
            file: file,
            line: Int(clamping: found.line),
            column: found.column > 0 ? Int(clamping: found.column) : nil
        )
    }

    private func path(
        of number: UInt64,
        _ program: Int,
        _ bytes: [UInt8],
        _ search: inout Search
    ) -> String? {
        let file = File(table: ObjectIdentifier(self), program: program, number: number)
        if let known = search.paths[file] { return known }
        let path = index.programs[program].path(
            of: number,
            bytes,
            strings,
            byteCountMax: &search.byteCountMax
        )
        search.paths.updateValue(path, forKey: file)
        return path
    }
}

extension LineTable {
    /// What finding the lines of one report may still cost, and the paths found so far.
    struct Search {
        /// How many bytes of debug information may still be read: at first what takes some
        /// milliseconds, and many times what the report of a module for use needs.
        fileprivate(set) var byteCountMax: Int
        fileprivate var paths: [File: String?] = [:]

        init(byteCountMax: Int = 1 << 21) { self.byteCountMax = byteCountMax }
    }

    /// A file as the rows of a program name it.
    fileprivate struct File: Hashable {
        let table: ObjectIdentifier
        let program: Int
        let number: UInt64
    }

    /// A run of rows with rising addresses.
    struct Sequence: Sendable {
        var addresses: Range<UInt64>
        /// The place of its program among those of the index.
        var program: Int
        /// Where its instructions begin.
        var start: Int
    }

    /// Where the rows of an address are made.
    struct Index: Sendable {
        /// Those that have sequences.
        private(set) var programs: [LineProgram] = []
        /// By their first address.
        private(set) var sequences: [Sequence] = []

        /// How many sequences are kept, and at most as many programs: the first ones.
        ///
        /// That is more functions than all but the largest programs have, and some 15 MB.
        static let sequenceCountMax = 100_000

        /// Reads the programs in a section.
        init(_ section: Range<Int>, _ bytes: [UInt8]) {
            var reader = DebugReader(bytes, section)
            // A length of 64 bits begins with 0xFFFFFFFF and is of no use in a module: it ends this.
            while sequences.count < Self.sequenceCountMax,
                let length = reader.integer(4), let unit = reader.sub(length)
            {
                guard let program = LineProgram(unit, bytes: bytes) else { continue }
                add(program, bytes)
            }
            sequences.sort { $0.addresses.lowerBound < $1.addresses.lowerBound }
        }

        private mutating func add(_ program: LineProgram, _ bytes: [UInt8]) {
            let place = programs.count
            var start = program.instructions.lowerBound
            var first: UInt64?
            var byteCountMax = program.instructions.count
            program.run(bytes, from: start, byteCountMax: &byteCountMax) { row, next in
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
                return sequences.count < Self.sequenceCountMax
            }
            if sequences.last?.program == place { programs.append(program) }
        }

        /// The sequence that has rows for an address.
        func sequence(at address: UInt64) -> Sequence? {
            let next = sequences.partitioningIndex { $0.addresses.lowerBound > address }
            guard next > 0, sequences[next - 1].addresses.contains(address) else { return nil }
            return sequences[next - 1]
        }
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
