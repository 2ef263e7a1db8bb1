/// Translates one module from the text format to the binary format. Core specification §6.6
///
/// A first pass over the fields gives every definition its index, since names may be used before
/// their definition; then types are encoded, and then everything else in the order of the text.
struct ModuleEncoder {
    /// A field of the module: the position of its keyword among the tokens.
    private struct Field {
        var keyword: String
        var position: Int
    }

    /// A section's entries.
    struct Section {
        var count = 0
        var writer = BinaryWriter()
    }

    var reader: TokenReader
    let limits: TextLimits

    // Index spaces.
    var types = IndexSpace("type")
    var functions = IndexSpace("function")
    var tables = IndexSpace("table")
    var memories = IndexSpace("memory")
    var globals = IndexSpace("global")
    var tags = IndexSpace("tag")
    var elements = IndexSpace("elem segment")
    var dataSegments = IndexSpace("data segment")
    /// For each type the names of its fields.
    var fieldNames: [UInt32: [[UInt8]: UInt32]] = [:]

    // Types.
    var signatures: [Signature?] = []
    /// The first type that stands for a signature when no type is named.
    var typesBySignature: [Signature: UInt32] = [:]

    // Sections, by number.
    var sections: [UInt8: Section] = [:]
    /// How many definitions of each kind have been encoded, by keyword; imports come first.
    var encodedCounts: [String: UInt32] = [:]
    var start: UInt32?
    var moduleName: [UInt8]?

    // The function being encoded.
    var locals: [[UInt8]: UInt32] = [:]
    var labels: [[UInt8]?] = []

    private init(_ reader: TokenReader, limits: TextLimits) {
        self.reader = reader
        self.limits = limits
    }

    /// Encodes the module at a reader's position: what follows `(module`, up to its parenthesis, which
    /// is read too, or the fields of a source without `module`.
    static func encode(
        _ reader: inout TokenReader,
        isWrapped: Bool,
        limits: TextLimits
    ) throws(TextError) -> [UInt8] {
        var encoder = ModuleEncoder(reader, limits: limits)
        if isWrapped { encoder.moduleName = try encoder.reader.identifier() }
        let fields = try encoder.scan()
        if isWrapped {
            try encoder.reader.close()
        } else if encoder.reader.kind != .end {
            throw encoder.reader.unexpected("a module field")
        }
        let end = encoder.reader.position
        for field in fields where field.keyword == "type" || field.keyword == "rec" {
            encoder.reader.position = field.position
            try encoder.recursionGroup()
        }
        for field in fields where field.keyword != "type" && field.keyword != "rec" {
            encoder.reader.position = field.position
            try encoder.field()
        }
        reader.position = end
        return encoder.module()
    }

    // MARK: - Fields

    /// Gives every definition its index, and skips everything else.
    private mutating func scan() throws(TextError) -> [Field] {
        var fields: [Field] = []
        var firstDefinition: String?
        while reader.kind == .leftParenthesis {
            guard let keyword = reader.openedKeyword else {
                reader.advance()
                throw reader.unexpected("a module field")
            }
            fields.append(Field(keyword: keyword, position: reader.position))
            let begin = reader.position
            reader.advance()
            reader.advance()
            switch keyword {
            case "type": try add(\.types)
            case "rec": try scanTypes()
            case "import":
                if let firstDefinition {
                    reader.position = begin
                    throw reader.error("import after \(firstDefinition)")
                }
                try scanImport()
            case "func", "table", "memory", "global", "tag":
                let isImport = try scanDefinition(keyword)
                if isImport, let firstDefinition {
                    reader.position = begin
                    throw reader.error("import after \(firstDefinition)")
                }
                if !isImport { firstDefinition = firstDefinition ?? keyword }
            case "elem": try add(\.elements)
            case "data": try add(\.dataSegments)
            case "export", "start": break
            default:
                reader.position = begin + 1
                throw reader.error("unknown operator or module field \"\(keyword)\"")
            }
            try reader.skipToClose()
        }
        return fields
    }

    /// Adds a definition with the name that comes next, if there is one.
    private mutating func add(
        _ space: WritableKeyPath<ModuleEncoder, IndexSpace>
    ) throws(TextError) {
        let position = reader.position
        let name = try reader.identifier()
        guard self[keyPath: space].add(name) != nil else {
            reader.position = position
            throw reader.error("duplicate \(self[keyPath: space].kind) \(reader.text)")
        }
    }

    private mutating func scanTypes() throws(TextError) {
        while reader.tryOpen("type") {
            try add(\.types)
            try reader.skipToClose()
        }
    }

    private mutating func scanImport() throws(TextError) {
        _ = try reader.name()
        _ = try reader.name()
        guard let kind = reader.openedKeyword, let space = Self.space(of: kind) else {
            throw reader.unexpected("an import's type")
        }
        reader.advance()
        reader.advance()
        try add(space)
        try reader.skipToClose()
    }

    static func space(of keyword: String) -> WritableKeyPath<ModuleEncoder, IndexSpace>? {
        switch keyword {
        case "func": \.functions
        case "table": \.tables
        case "memory": \.memories
        case "global": \.globals
        case "tag": \.tags
        default: nil
        }
    }

    /// Adds a definition and the segment that a table or memory may contain; answers whether the
    /// definition is an import.
    private mutating func scanDefinition(_ keyword: String) throws(TextError) -> Bool {
        guard let space = Self.space(of: keyword) else { return false }
        try add(space)
        while reader.tryOpen("export") { try reader.skipToClose() }
        if reader.opens("import") { return true }
        guard keyword == "table" || keyword == "memory" else { return false }
        while reader.kind == .atom { reader.advance() }
        if keyword == "table", reader.opens("ref") {
            reader.advance()
            try reader.skipToClose()
        }
        if reader.opens("elem") { elements.add(nil) }
        if reader.opens("data") { dataSegments.add(nil) }
        return false
    }

    // MARK: - Sections

    /// Adds an entry to a section.
    mutating func add(to section: UInt8, _ write: (inout BinaryWriter) -> Void) {
        sections[section, default: Section()].count += 1
        write(&sections[section, default: Section()].writer)
    }

    /// The whole module, from the sections.
    private func module() -> [UInt8] {
        var writer = BinaryWriter()
        writer.append([0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00])
        for id in [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11] as [UInt8] {
            var contents = BinaryWriter()
            switch id {
            case 8:
                guard let start else { continue }
                contents.u32(start)
            case 12:
                guard let data = sections[11] else { continue }
                contents.count(data.count)
            default:
                guard let section = sections[id] else { continue }
                contents.count(section.count)
                contents.append(section.writer.bytes)
            }
            writer.byte(id)
            writer.vector(contents.bytes)
        }
        writeNames(to: &writer)
        return writer.bytes
    }

    /// The name section, with the names of the module and its functions. Appendix "Custom Sections"
    private func writeNames(to writer: inout BinaryWriter) {
        guard moduleName != nil || !functions.names.isEmpty else { return }
        var section = BinaryWriter()
        section.vector(Array("name".utf8))
        if let moduleName {
            var contents = BinaryWriter()
            contents.vector(moduleName)
            section.byte(0)
            section.vector(contents.bytes)
        }
        if !functions.names.isEmpty {
            var contents = BinaryWriter()
            contents.count(functions.names.count)
            for (index, name) in functions.names {
                contents.u32(index)
                contents.vector(name)
            }
            section.byte(1)
            section.vector(contents.bytes)
        }
        writer.byte(0)
        writer.vector(section.bytes)
    }

    // MARK: - Indices

    /// Reads an index of a space: a number, or a name.
    mutating func index(_ space: IndexSpace) throws(TextError) -> UInt32 {
        if reader.kind == .identifier {
            let position = reader.position
            let name = try reader.identifier() ?? []
            if let index = space.index(of: name) { return index }
            reader.position = position
            throw reader.error("unknown \(space.kind) \(reader.text)")
        }
        return try reader.u32()
    }

    /// Whether an index comes next.
    var isAtIndex: Bool { reader.kind == .identifier || reader.isNumber }
}
