// Module fields. Core specification §6.6

extension ModuleEncoder {
    /// Encodes the field at the reader's position.
    mutating func field() throws(TextError) {
        guard let keyword = reader.openedKeyword else { throw reader.unexpected("a module field") }
        reader.advance()
        reader.advance()
        switch keyword {
        case "import": try importField()
        case "func": try function()
        case "table": try table()
        case "memory": try memory()
        case "global": try global()
        case "tag": try tag()
        case "export": try exportField()
        case "start":
            guard start == nil else { throw reader.error("multiple start sections") }
            start = try index(functions)
        case "elem": try elementSegment()
        default: try dataSegment()
        }
        try reader.close()
    }

    // MARK: - Imports and exports

    private mutating func importField() throws(TextError) {
        let module = try reader.name()
        let name = try reader.name()
        guard let keyword = reader.openedKeyword else {
            throw reader.unexpected("an import's type")
        }
        reader.advance()
        reader.advance()
        _ = try reader.identifier()
        _ = nextIndex(keyword)
        try writeImport(module, name, keyword)
        try reader.close()
    }

    /// Reads an import's type and writes the import.
    private mutating func writeImport(
        _ module: [UInt8],
        _ name: [UInt8],
        _ keyword: String
    ) throws(TextError) {
        var type = BinaryWriter()
        switch keyword {
        case "func":
            type.byte(0)
            type.u32(typeIndex(try typeUse(allowsNames: true)))
        case "table":
            type.byte(1)
            try tableType(&type)
        case "memory":
            type.byte(2)
            try memoryType(&type)
        case "global":
            type.byte(3)
            try globalType(&type)
        default:
            type.byte(4)
            type.byte(0)
            type.u32(typeIndex(try typeUse(allowsNames: true)))
        }
        add(to: 2) { writer in
            writer.vector(module)
            writer.vector(name)
            writer.append(type.bytes)
        }
    }

    private mutating func exportField() throws(TextError) {
        let name = try reader.name()
        guard let keyword = reader.openedKeyword, let space = Self.space(of: keyword) else {
            throw reader.unexpected("an export's kind")
        }
        reader.advance()
        reader.advance()
        let index = try index(self[keyPath: space])
        try reader.close()
        writeExport(name, Self.exportKind(keyword), index)
    }

    private static func exportKind(_ keyword: String) -> UInt8 {
        switch keyword {
        case "func": 0
        case "table": 1
        case "memory": 2
        case "global": 3
        default: 4
        }
    }

    private mutating func writeExport(_ name: [UInt8], _ kind: UInt8, _ index: UInt32) {
        add(to: 7) { writer in
            writer.vector(name)
            writer.byte(kind)
            writer.u32(index)
        }
    }

    /// Reads what definitions begin with: a name, and exports.
    ///
    /// An import, if one follows, is read
    /// whole: the answer is whether one did.
    private mutating func header(
        _ keyword: String,
        _ definition: UInt32
    ) throws(TextError) -> Bool {
        _ = try reader.identifier()
        while reader.tryOpen("export") {
            writeExport(try reader.name(), Self.exportKind(keyword), definition)
            try reader.close()
        }
        guard reader.tryOpen("import") else { return false }
        let module = try reader.name()
        let name = try reader.name()
        try reader.close()
        try writeImport(module, name, keyword)
        return true
    }

    /// The index of the import or definition being encoded: they come in the order of their indices.
    private mutating func nextIndex(_ keyword: String) -> UInt32 {
        let index = encodedCounts[keyword, default: 0]
        encodedCounts[keyword] = index + 1
        return index
    }

    // MARK: - Definitions

    private mutating func function() throws(TextError) {
        guard try !header("func", nextIndex("func")) else { return }
        let use = try typeUse(allowsNames: true)
        let type = typeIndex(use)
        add(to: 3) { $0.u32(type) }
        try functionBody(use, type)
    }

    private mutating func functionBody(_ use: TypeUse, _ type: UInt32) throws(TextError) {
        locals.removeAll(keepingCapacity: true)
        labels.removeAll(keepingCapacity: true)
        var count = UInt32(use.names.count)
        for (index, name) in use.names.enumerated() {
            if let name { try addLocal(name, UInt32(index)) }
        }
        if use.names.isEmpty, Int(type) < signatures.count, let signature = signatures[Int(type)] {
            count = UInt32(signature.parameters.count)
        }
        var runs: [(count: Int, type: EncodedType)] = []
        while reader.tryOpen("local") {
            let name = try reader.identifier()
            if let name { try addLocal(name, count) }
            while reader.kind != .rightParenthesis {
                let type = try valueType()
                count += 1
                if let last = runs.last, last.type == type {
                    runs[runs.count - 1].count += 1
                } else {
                    runs.append((1, type))
                }
                if name != nil { break }
            }
            try reader.close()
        }
        var body = BinaryWriter()
        body.count(runs.count)
        for run in runs {
            body.count(run.count)
            run.type.write(to: &body)
        }
        try instructions(&body)
        body.byte(0x0B)
        add(to: 10) { $0.vector(body.bytes) }
    }

    private mutating func addLocal(_ name: [UInt8], _ index: UInt32) throws(TextError) {
        guard locals.updateValue(index, forKey: name) == nil else {
            let text = String(decoding: name, as: UTF8.self)
            throw reader.error("duplicate local $\(text)")
        }
    }

    private mutating func table() throws(TextError) {
        let index = nextIndex("table")
        guard try !header("table", index) else { return }
        var writer = BinaryWriter()
        let is64 = addressType()
        if isAtValueType {
            let type = try referenceType()
            try reader.open("elem")
            let items = try elementItems(type)
            try reader.close()
            type.write(to: &writer)
            let count = UInt64(items.count)
            writeLimits(count, count, is64: is64, &writer)
            addElements(items, type, mode: .active(table: index, offset: zero(is64: is64)))
        } else {
            var limits = BinaryWriter()
            try sizeLimits(is64: is64, &limits)
            let type = try referenceType()
            let hasInitializer = reader.kind != .rightParenthesis
            if hasInitializer { writer.append([0x40, 0x00]) }
            type.write(to: &writer)
            writer.append(limits.bytes)
            if hasInitializer { try expression(&writer) }
        }
        add(to: 4) { $0.append(writer.bytes) }
    }

    /// The expression of an offset of zero.
    private func zero(is64: Bool) -> [UInt8] { [is64 ? 0x42 : 0x41, 0x00, 0x0B] }

    private mutating func memory() throws(TextError) {
        let index = nextIndex("memory")
        guard try !header("memory", index) else { return }
        var writer = BinaryWriter()
        let is64 = addressType()
        if reader.tryOpen("data") {
            var contents: [UInt8] = []
            while reader.kind == .string { contents += try reader.string() }
            try reader.close()
            let pages = UInt64((contents.count + 65_535) / 65_536)
            writeLimits(pages, pages, is64: is64, &writer)
            addData(contents, memory: index, offset: zero(is64: is64))
        } else {
            try sizeLimits(is64: is64, &writer)
        }
        add(to: 5) { $0.append(writer.bytes) }
    }

    private mutating func global() throws(TextError) {
        guard try !header("global", nextIndex("global")) else { return }
        var writer = BinaryWriter()
        try globalType(&writer)
        try expression(&writer)
        add(to: 6) { $0.append(writer.bytes) }
    }

    private mutating func tag() throws(TextError) {
        guard try !header("tag", nextIndex("tag")) else { return }
        let type = typeIndex(try typeUse(allowsNames: true))
        add(to: 13) { writer in
            writer.byte(0)
            writer.u32(type)
        }
    }

    /// A constant expression: instructions up to the field's end.
    private mutating func expression(_ writer: inout BinaryWriter) throws(TextError) {
        labels.removeAll(keepingCapacity: true)
        locals.removeAll(keepingCapacity: true)
        try instructions(&writer)
        writer.byte(0x0B)
    }
}
