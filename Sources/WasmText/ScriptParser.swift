/// Reads scripts.
///
/// The grammar is that of the reference interpreter's manual, "Scripts".
struct ScriptParser {
    private var reader: TokenReader
    private let limits: TextLimits

    init(_ source: [UInt8], limits: TextLimits) throws(TextError) {
        reader = try TokenReader(source, limits: limits)
        self.limits = limits
    }

    mutating func commands() throws(TextError) -> [Script.Command] {
        if reader.kind == .leftParenthesis, Self.isField(reader.openedKeyword) {
            // Fields without `module` are one module.
            let bytes = try ModuleEncoder.encode(&reader, isWrapped: false, limits: limits)
            let source = Script.Source(name: nil, contents: .binary(bytes))
            return [Script.Command(line: 1, kind: .module(source))]
        }
        var commands: [Script.Command] = []
        var lines = LineCounter(reader.source)
        while reader.kind != .end {
            let line = lines.line(at: reader.offset)
            commands.append(Script.Command(line: line, kind: try command()))
        }
        return commands
    }

    private static func isField(_ keyword: String?) -> Bool {
        switch keyword {
        case "type", "rec", "import", "func", "table", "memory", "global", "tag", "export", "start",
            "elem", "data":
            true
        default: false
        }
    }

    private mutating func command() throws(TextError) -> Script.Kind {
        if reader.opens("module") { return try moduleCommand() }
        if reader.opens("invoke") || reader.opens("get") { return .action(try action()) }
        guard let keyword = reader.openedKeyword else { throw reader.unexpected("a command") }
        let position = reader.position
        reader.advance()
        reader.advance()
        let kind: Script.Kind
        switch keyword {
        case "register": kind = .register(as: try text(), instance: try name())
        case "assert_return":
            let action = try action()
            var patterns: [Script.Pattern] = []
            while reader.kind == .leftParenthesis { patterns.append(try pattern()) }
            kind = .assertReturn(action, patterns)
        case "assert_trap":
            if reader.opens("module") {
                kind = .assertUninstantiable(try source(), message: try text())
            } else {
                kind = .assertTrap(try action(), message: try text())
            }
        case "assert_exhaustion": kind = .assertExhaustion(try action(), message: try text())
        case "assert_exception": kind = .assertException(try action())
        case "assert_invalid": kind = .assertInvalid(try source(), message: try text())
        case "assert_malformed": kind = .assertMalformed(try source(), message: try text())
        case "assert_unlinkable": kind = .assertUnlinkable(try source(), message: try text())
        default:
            reader.position = position
            throw reader.error("unknown command \"\(keyword)\"")
        }
        try reader.close()
        return kind
    }

    private mutating func text() throws(TextError) -> String {
        String(decoding: try reader.name(), as: UTF8.self)
    }

    private mutating func name() throws(TextError) -> String? {
        try reader.identifier().map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: - Modules

    private mutating func moduleCommand() throws(TextError) -> Script.Kind {
        let position = reader.position
        try reader.open("module")
        if reader.tryKeyword("instance") {
            let instance = try name()
            let definition = try name()
            try reader.close()
            return .instance(name: instance, definition: definition)
        }
        let isDefinition = reader.isAt("definition")
        reader.position = position
        let source = try source()
        return isDefinition ? .definition(source) : .module(source)
    }

    private mutating func source() throws(TextError) -> Script.Source {
        try reader.open("module")
        _ = reader.tryKeyword("definition")
        let position = reader.position
        let name = try name()
        if reader.isAt("binary") || reader.isAt("quote") {
            let isBinary = reader.isAt("binary")
            reader.advance()
            var bytes: [UInt8] = []
            while reader.kind == .string {
                bytes += try reader.string()
                // The lines of a quoted text are separate strings.
                if !isBinary { bytes.append(0x0A) }
            }
            try reader.close()
            return Script.Source(name: name, contents: isBinary ? .binary(bytes) : .text(bytes))
        }
        reader.position = position
        let bytes = try ModuleEncoder.encode(&reader, isWrapped: true, limits: limits)
        return Script.Source(name: name, contents: .binary(bytes))
    }

    // MARK: - Actions

    private mutating func action() throws(TextError) -> Script.Action {
        if reader.tryOpen("get") {
            let action = Script.Action.get(instance: try name(), global: try text())
            try reader.close()
            return action
        }
        try reader.open("invoke")
        let instance = try name()
        let function = try text()
        var arguments: [Script.Constant] = []
        while reader.kind == .leftParenthesis {
            guard case .constant(let constant) = try argument() else {
                throw reader.error("a constant was expected before this")
            }
            arguments.append(constant)
        }
        try reader.close()
        return .invoke(instance: instance, function: function, arguments: arguments)
    }

    /// An argument; floats of vectors are constants here.
    private mutating func argument() throws(TextError) -> Script.Pattern {
        let pattern = try pattern()
        switch pattern {
        case .f32x4(let lanes): return .constant(Self.vector(lanes, width: 32))
        case .f64x2(let lanes): return .constant(Self.vector(lanes, width: 64))
        default: return pattern
        }
    }

    private static func vector(_ lanes: [Script.LanePattern], width: Int) -> Script.Constant {
        var halves: [UInt64] = [0, 0]
        for (index, lane) in lanes.enumerated() {
            guard case .bits(let bits) = lane else { continue }
            halves[index * width / 64] |= bits << UInt64(index * width % 64)
        }
        return .v128(low: halves[0], high: halves[1])
    }

    /// A constant, or what a result may be.
    private mutating func pattern() throws(TextError) -> Script.Pattern {
        try reader.open()
        let position = reader.position
        let keyword = try reader.atom("a constant")
        let pattern: Script.Pattern
        switch keyword {
        case "i32.const":
            pattern = .constant(.i32(UInt32(truncatingIfNeeded: try reader.integer(width: 32))))
        case "i64.const": pattern = .constant(.i64(try reader.integer(width: 64)))
        case "f32.const":
            if let float = float() {
                pattern = .f32(float)
            } else {
                pattern = .constant(.f32(try reader.float32()))
            }
        case "f64.const":
            if let float = float() {
                pattern = .f64(float)
            } else {
                pattern = .constant(.f64(try reader.float64()))
            }
        case "v128.const": pattern = try vector()
        case "either":
            var patterns: [Script.Pattern] = []
            while reader.kind == .leftParenthesis { patterns.append(try self.pattern()) }
            pattern = .either(patterns)
        case "ref.null":
            pattern = reader.kind == .rightParenthesis ? .anyNull : .constant(.null(try heapType()))
        case "ref.extern" where reader.isNumber: pattern = .constant(.external(try reader.u64()))
        case "ref.host": pattern = .constant(.host(try reader.u64()))
        case "ref.func" where reader.kind != .rightParenthesis:
            reader.advance()
            pattern = .reference("func")
        case "ref.extern", "ref.func", "ref.any", "ref.eq", "ref.i31", "ref.struct", "ref.array",
            "ref.exn":
            pattern = .reference(String(keyword.dropFirst(4)))
        default:
            reader.position = position
            throw reader.error("unknown constant \"\(keyword)\"")
        }
        try reader.close()
        return pattern
    }

    private mutating func heapType() throws(TextError) -> String {
        if reader.kind == .identifier { return try name() ?? "" }
        return try reader.atom("a heap type")
    }

    private mutating func lane(width: Int) throws(TextError) -> Script.LanePattern {
        if let float = float() { return .float(float) }
        return .bits(width == 32 ? UInt64(try reader.float32()) : try reader.float64())
    }

    private mutating func float() -> Script.Float? {
        if reader.tryKeyword("nan:canonical") { return .canonicalNaN }
        return reader.tryKeyword("nan:arithmetic") ? .arithmeticNaN : nil
    }

    /// The shape and lanes of a vector; those of floats may be classes of floats.
    private mutating func vector() throws(TextError) -> Script.Pattern {
        let width: Int
        switch try reader.atom("a vector shape") {
        case "i8x16": width = 8
        case "i16x8": width = 16
        case "i32x4": width = 32
        case "i64x2": width = 64
        case "f32x4":
            var lanes: [Script.LanePattern] = []
            for _ in 0..<4 { lanes.append(try lane(width: 32)) }
            return .f32x4(lanes)
        case "f64x2":
            var lanes: [Script.LanePattern] = []
            for _ in 0..<2 { lanes.append(try lane(width: 64)) }
            return .f64x2(lanes)
        default:
            throw reader.error("a vector shape was expected before this")
        }
        var halves: [UInt64] = [0, 0]
        for index in 0..<(128 / width) {
            let bits = try reader.integer(width: width)
            halves[index * width / 64] |= bits << UInt64(index * width % 64)
        }
        return .constant(.v128(low: halves[0], high: halves[1]))
    }
}

/// Counts lines up to places that come one after another.
private struct LineCounter {
    private let source: [UInt8]
    private var position = 0
    private var line = 1

    init(_ source: [UInt8]) { self.source = source }

    mutating func line(at offset: Int) -> Int {
        while position < offset {
            if source[position] == 0x0A { line += 1 }
            position += 1
        }
        return line
    }
}
