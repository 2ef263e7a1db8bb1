/// One line number program of `.debug_line`: its header, and how to run it. DWARF 5 §6.2
struct LineProgram: Sendable {
    /// One row of the table that a program makes.
    struct Row {
        /// From the start of the code section's contents, as everywhere in DWARF for WebAssembly.
        var address: UInt64 = 0
        var file: UInt64 = 1
        var line: Int64 = 1
        var column: UInt64 = 0
        /// Whether the row only ends a sequence: the first address after it.
        var endsSequence = false
    }

    let version: UInt64
    private let instructionLengthMin: UInt64
    private let lineBase: Int64
    private let lineRange: UInt64
    private let opcodeBase: UInt8
    /// Where the count of operands of each standard opcode is, from that of opcode 1 on.
    private let operandCounts: Int
    /// Where the tables of directories and files are.
    let files: Range<Int>
    /// Where the instructions are.
    let instructions: Range<Int>

    /// Reads the header of a program; nil when it is of no known form.
    init?(_ unit: DebugReader, bytes: [UInt8]) {
        var reader = unit
        guard let version = reader.integer(2), (2...5).contains(version) else { return nil }
        // Sizes of addresses and of segment selectors.
        if version == 5 { guard reader.skip(2) else { return nil } }
        guard let headerLength = reader.integer(4), var header = reader.sub(headerLength),
            let instructionLengthMin = header.byte(),
            // The most operations in an instruction: 1, but for VLIW machines.
            version < 4 || header.skip(1),
            // Whether rows begin as statements.
            header.skip(1),
            let lineBase = header.byte(), let lineRange = header.byte(), lineRange > 0,
            let opcodeBase = header.byte(), opcodeBase > 0,
            let operandCounts = header.sub(UInt64(opcodeBase - 1))
        else { return nil }
        self.version = version
        self.instructionLengthMin = UInt64(instructionLengthMin)
        self.lineBase = Int64(Int8(bitPattern: lineBase))
        self.lineRange = UInt64(lineRange)
        self.opcodeBase = opcodeBase
        self.operandCounts = operandCounts.position
        self.files = header.position..<header.end
        self.instructions = reader.position..<reader.end
    }

    /// Runs instructions from a place on, where a sequence begins, until `take` answers false.
    ///
    /// `take` gets each row, and where the instruction after it is. Reads at most `byteCountMax`
    /// bytes, and takes what it reads from that.
    func run(
        _ bytes: [UInt8],
        from start: Int,
        byteCountMax: inout Int,
        _ take: (Row, Int) -> Bool
    ) {
        var reader = DebugReader(bytes, (start..<instructions.upperBound).prefix(byteCountMax))
        defer { byteCountMax -= reader.position - start }
        var row = Row()
        while let opcode = reader.byte() {
            if opcode >= opcodeBase {
                let adjusted = UInt64(opcode - opcodeBase)
                row.address &+= adjusted / lineRange &* instructionLengthMin
                row.line &+= lineBase + Int64(adjusted % lineRange)
                guard take(row, reader.position) else { return }
            } else if opcode == 0 {
                guard let length = reader.unsignedLEB(), var operands = reader.sub(length),
                    let extended = operands.byte()
                else { return }
                switch extended {
                case 1:
                    row.endsSequence = true
                    guard take(row, reader.position) else { return }
                    row = Row()
                case 2: row.address = operands.integer(min(operands.remaining, 8)) ?? 0
                default: break
                }
            } else if opcode == 1 {
                guard take(row, reader.position) else { return }
            } else {
                guard execute(opcode, bytes, &row, &reader) else { return }
            }
        }
    }

    /// Executes a standard opcode that makes no row; false at the end.
    private func execute(
        _ opcode: UInt8,
        _ bytes: [UInt8],
        _ row: inout Row,
        _ reader: inout DebugReader
    ) -> Bool {
        switch opcode {
        case 2:
            guard let advance = reader.unsignedLEB() else { return false }
            row.address &+= advance &* instructionLengthMin
        case 3:
            guard let advance = reader.signedLEB() else { return false }
            row.line &+= advance
        case 4:
            guard let file = reader.unsignedLEB() else { return false }
            row.file = file
        case 5:
            guard let column = reader.unsignedLEB() else { return false }
            row.column = column
        case 8:
            row.address &+= UInt64(255 - opcodeBase) / lineRange &* instructionLengthMin
        case 9:
            guard let advance = reader.integer(2) else { return false }
            row.address &+= advance
        default:
            for _ in 0..<bytes[operandCounts + Int(opcode) - 1] {
                guard reader.unsignedLEB() != nil else { return false }
            }
        }
        return true
    }
}
