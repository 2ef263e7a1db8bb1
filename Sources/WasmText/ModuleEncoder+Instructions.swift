// Instructions, plain and folded. Core specification §6.5

extension ModuleEncoder {
    /// Something that is open while instructions are read: nesting takes no stack of the host.
    private enum Open {
        /// `block …`, `loop …` or `try_table …` that its `end` closes.
        case plainBlock
        /// `if …` without parentheses, before or after its `else`.
        case plainConditional(hasElse: Bool)
        /// A folded instruction: its code is written when its operands have been.
        case folded([UInt8])
        case foldedBlock
        /// A folded `if` before `(then`: its code follows its condition.
        case condition([UInt8], label: [UInt8]?)
        /// Within `(then …)` or `(else …)`.
        case branch(isElse: Bool)
        /// A folded `if` after `(then …)` or after `(else …)`.
        case afterBranch(hasElse: Bool)
    }

    /// Reads instructions up to a parenthesis that closes what they stand in, which is not read.
    mutating func instructions(_ writer: inout BinaryWriter) throws(TextError) {
        try sequence(&writer, isSingle: false)
    }

    /// Reads one folded instruction.
    mutating func foldedInstruction(_ writer: inout BinaryWriter) throws(TextError) {
        guard reader.kind == .leftParenthesis else {
            throw reader.unexpected("a folded instruction")
        }
        try sequence(&writer, isSingle: true)
    }

    private mutating func sequence(
        _ writer: inout BinaryWriter,
        isSingle: Bool
    ) throws(TextError) {
        var open: [Open] = []
        repeat {
            guard open.count <= limits.nestingMax else {
                throw reader.error("instructions are nested more than \(limits.nestingMax) deep")
            }
            switch reader.kind {
            case .leftParenthesis:
                try openFolded(&open, &writer)
            case .rightParenthesis:
                if open.isEmpty { return }
                try closeFolded(&open, &writer)
            case .atom:
                try plain(&open, &writer)
            default:
                throw reader.unexpected("an instruction")
            }
        } while !isSingle || !open.isEmpty
    }

    // MARK: - Folded instructions

    private mutating func openFolded(
        _ open: inout [Open],
        _ writer: inout BinaryWriter
    ) throws(TextError) {
        if case .condition(let code, let label)? = open.last, reader.tryOpen("then") {
            writer.append(code)
            labels.append(label)
            open[open.count - 1] = .branch(isElse: false)
            return
        }
        if case .afterBranch(let hasElse)? = open.last {
            guard !hasElse, reader.tryOpen("else") else { throw reader.unexpected(")") }
            writer.byte(0x05)
            open[open.count - 1] = .branch(isElse: true)
            return
        }
        reader.advance()
        let position = reader.position
        let name = try reader.atom("an instruction")
        guard let instruction = Instruction.named(name) else {
            reader.position = position
            throw reader.error("unknown operator \"\(name)\"")
        }
        switch instruction.immediates {
        case .block, .tryTable:
            try block(instruction, &writer)
            open.append(.foldedBlock)
        case .conditional:
            let label = try reader.identifier()
            var code = BinaryWriter()
            code.byte(0x04)
            try blockType(&code)
            open.append(.condition(code.bytes, label: label))
        case .structural:
            reader.position = position
            throw reader.unexpected("an instruction")
        default:
            var code = BinaryWriter()
            try write(instruction, &code)
            open.append(.folded(code.bytes))
        }
    }

    private mutating func closeFolded(
        _ open: inout [Open],
        _ writer: inout BinaryWriter
    ) throws(TextError) {
        switch open.last {
        case .folded(let code):
            writer.append(code)
        case .foldedBlock:
            writer.byte(0x0B)
            labels.removeLast()
        case .branch(let isElse):
            reader.advance()
            open[open.count - 1] = .afterBranch(hasElse: isElse)
            return
        case .afterBranch:
            writer.byte(0x0B)
            labels.removeLast()
        case .condition:
            throw reader.unexpected("(then")
        default:
            throw reader.unexpected("end")
        }
        reader.advance()
        open.removeLast()
    }

    // MARK: - Plain instructions

    private mutating func plain(
        _ open: inout [Open],
        _ writer: inout BinaryWriter
    ) throws(TextError) {
        switch open.last {
        case .folded, .condition, .afterBranch: throw reader.unexpected("( or )")
        default: break
        }
        let position = reader.position
        let name = try reader.atom("an instruction")
        guard let instruction = Instruction.named(name) else {
            reader.position = position
            throw reader.error("unknown operator \"\(name)\"")
        }
        switch instruction.immediates {
        case .block, .tryTable:
            try block(instruction, &writer)
            open.append(.plainBlock)
        case .conditional:
            labels.append(try reader.identifier())
            writer.byte(0x04)
            try blockType(&writer)
            open.append(.plainConditional(hasElse: false))
        case .structural:
            reader.position = position
            try structural(&open, &writer)
        default:
            try write(instruction, &writer)
        }
    }

    /// `else` and `end`.
    private mutating func structural(
        _ open: inout [Open],
        _ writer: inout BinaryWriter
    ) throws(TextError) {
        let isElse = reader.isAt("else")
        switch open.last {
        case .plainConditional(hasElse: false) where isElse:
            open[open.count - 1] = .plainConditional(hasElse: true)
        case .plainConditional where !isElse, .plainBlock where !isElse:
            open.removeLast()
        default:
            throw reader.unexpected("an instruction")
        }
        reader.advance()
        let position = reader.position
        if let name = try reader.identifier(), name != labels.last ?? nil {
            reader.position = position
            throw reader.error("mismatching label \(reader.text)")
        }
        writer.byte(isElse ? 0x05 : 0x0B)
        if !isElse { labels.removeLast() }
    }

    // MARK: - Blocks

    /// Writes a block's code, type and catch clauses, and opens its label.
    private mutating func block(
        _ instruction: Instruction,
        _ writer: inout BinaryWriter
    ) throws(TextError) {
        let label = try reader.identifier()
        writer.byte(UInt8(truncatingIfNeeded: instruction.code))
        try blockType(&writer)
        if case .tryTable = instruction.immediates { try catchClauses(&writer) }
        labels.append(label)
    }

    /// Reads a block's type use. §6.5.2
    private mutating func blockType(_ writer: inout BinaryWriter) throws(TextError) {
        let use = try typeUse(allowsNames: false)
        if use.index == nil, use.signature.parameters.isEmpty, use.signature.results.count <= 1 {
            if let result = use.signature.results.first {
                result.write(to: &writer)
            } else {
                writer.byte(0x40)
            }
            return
        }
        writer.signed(Int64(typeIndex(use)))
    }

    private mutating func catchClauses(_ writer: inout BinaryWriter) throws(TextError) {
        var clauses = BinaryWriter()
        var count = 0
        let kinds: [(StaticString, UInt8)] = [
            ("catch", 0), ("catch_ref", 1), ("catch_all", 2), ("catch_all_ref", 3),
        ]
        search: while reader.kind == .leftParenthesis {
            for (keyword, kind) in kinds where reader.tryOpen(keyword) {
                clauses.byte(kind)
                if kind < 2 { clauses.u32(try index(tags)) }
                clauses.u32(try label())
                try reader.close()
                count += 1
                continue search
            }
            break
        }
        writer.count(count)
        writer.append(clauses.bytes)
    }

    /// Reads a label: how many blocks further out it is.
    mutating func label() throws(TextError) -> UInt32 {
        guard reader.kind == .identifier else { return try reader.u32() }
        let position = reader.position
        let name = try reader.identifier()
        guard let index = labels.lastIndex(where: { $0 == name }) else {
            reader.position = position
            throw reader.error("unknown label \(reader.text)")
        }
        return UInt32(labels.count - 1 - index)
    }
}
