// The sections of types, imports, definitions and exports. Core specification §5.5.4 to §5.5.11

extension ModuleDecoder {
    /// Recursion groups; a type that stands alone is a group of one. §5.3.9
    mutating func decodeTypes(_ section: inout BinaryReader) throws(ModuleError) {
        let count = try count(of: "types", atMost: limits.typesMax, entryBytes: 2, &section)
        structure.types.reserveCapacity(count)
        for _ in 0..<count {
            let offset = section.position
            let first = structure.types.count
            if section.peek() == 0x4E {
                _ = try section.byte()
                let members = try self.count(
                    of: "types of a recursion group",
                    atMost: limits.recursionGroupMax,
                    entryBytes: 2,
                    &section
                )
                for _ in 0..<members { structure.types.append(try subType(&section)) }
            } else {
                structure.types.append(try subType(&section))
            }
            guard structure.types.count <= limits.typesMax else {
                let message = "\(structure.types.count) types are more than \(limits.typesMax)"
                throw ModuleError(.limit, message, at: offset)
            }
            structure.recursionGroups.append(first..<structure.types.count)
        }
    }

    private func subType(_ section: inout BinaryReader) throws(ModuleError) -> SubType {
        let offset = section.position
        var isFinal = true
        var supertypes: [UInt32] = []
        if let form = section.peek(), form == 0x50 || form == 0x4F {
            _ = try section.byte()
            isFinal = form == 0x4F
            let count = try count(
                of: "supertypes",
                atMost: limits.typesMax,
                entryBytes: 1,
                &section
            )
            for _ in 0..<count { supertypes.append(try section.u32()) }
        }
        return SubType(
            isFinal: isFinal,
            supertypes: supertypes,
            composite: try compositeType(&section),
            offset: offset
        )
    }

    private func compositeType(
        _ section: inout BinaryReader
    ) throws(ModuleError) -> CompositeType {
        let offset = section.position
        switch try section.byte() {
        case 0x60:
            let parameters = try valueTypes("parameters", limits.parametersMax, &section)
            let results = try valueTypes("results", limits.resultsMax, &section)
            return .function(FunctionType(parameters, results))
        case 0x5F:
            let count = try count(
                of: "fields",
                atMost: limits.fieldsMax,
                entryBytes: 2,
                &section
            )
            var fields: [FieldType] = []
            fields.reserveCapacity(count)
            for _ in 0..<count { fields.append(try section.fieldType()) }
            return .structure(fields)
        case 0x5E:
            return .array(try section.fieldType())
        default:
            throw ModuleError(.malformed, "malformed definition type", at: offset)
        }
    }

    private func valueTypes(
        _ entries: String,
        _ limit: Int,
        _ section: inout BinaryReader
    ) throws(ModuleError) -> [ValueType] {
        let count = try count(of: entries, atMost: limit, entryBytes: 1, &section)
        var types: [ValueType] = []
        types.reserveCapacity(count)
        for _ in 0..<count { types.append(try section.valueType()) }
        return types
    }

    mutating func decodeImports(_ section: inout BinaryReader) throws(ModuleError) {
        let count = try count(of: "imports", atMost: limits.importsMax, entryBytes: 4, &section)
        structure.imports.reserveCapacity(count)
        for _ in 0..<count {
            let offset = section.position
            let module = try section.name(limits)
            let name = try section.name(limits)
            structure.imports.append(
                Import(
                    module: module,
                    name: name,
                    description: try importDescription(&section),
                    offset: offset
                )
            )
        }
        structure.importedFunctionCount = structure.functionTypeIndices.count
        structure.importedTableCount = structure.tableTypes.count
        structure.importedMemoryCount = structure.memoryTypes.count
        structure.importedGlobalCount = structure.globalTypes.count
        structure.importedTagCount = structure.tagTypeIndices.count
    }

    private mutating func importDescription(
        _ section: inout BinaryReader
    ) throws(ModuleError) -> Import.Description {
        let offset = section.position
        switch try section.byte() {
        case 0:
            let typeIndex = try section.u32()
            structure.functionTypeIndices.append(typeIndex)
            return .function(typeIndex: typeIndex)
        case 1:
            let type = try section.tableType()
            structure.tableTypes.append(type)
            return .table(type)
        case 2:
            let type = try section.memoryType()
            structure.memoryTypes.append(type)
            return .memory(type)
        case 3:
            let type = try section.globalType()
            structure.globalTypes.append(type)
            return .global(type)
        case 4:
            let typeIndex = try section.tagType()
            structure.tagTypeIndices.append(typeIndex)
            return .tag(typeIndex: typeIndex)
        case 0x7E, 0x7F:
            throw UnsupportedFeature.compactImports.refusal("import group", at: offset)
        default:
            throw ModuleError(.malformed, "malformed import kind", at: offset)
        }
    }

    mutating func decodeFunctions(_ section: inout BinaryReader) throws(ModuleError) {
        let count = try count(
            of: "functions",
            atMost: limits.functionsMax,
            entryBytes: 1,
            &section
        )
        structure.functions.reserveCapacity(count)
        for _ in 0..<count { structure.functions.append(try section.u32()) }
        structure.functionTypeIndices.append(contentsOf: structure.functions)
    }

    mutating func decodeTables(_ section: inout BinaryReader) throws(ModuleError) {
        let count = try count(of: "tables", atMost: limits.tablesMax, entryBytes: 3, &section)
        structure.tables.reserveCapacity(count)
        for _ in 0..<count {
            let offset = section.position
            var initializer: ConstantExpression?
            let type: TableType
            if section.peek() == 0x40 {
                _ = try section.byte()
                guard try section.byte() == 0 else {
                    throw ModuleError(.malformed, "malformed table", at: offset)
                }
                type = try section.tableType()
                initializer = try section.constantExpression(limits)
            } else {
                type = try section.tableType()
            }
            structure.tableTypes.append(type)
            structure.tables.append(
                TableDefinition(type: type, initializer: initializer, offset: offset)
            )
        }
    }

    mutating func decodeMemories(_ section: inout BinaryReader) throws(ModuleError) {
        let count = try count(
            of: "memories",
            atMost: limits.memoriesMax,
            entryBytes: 2,
            &section
        )
        for _ in 0..<count {
            let offset = section.position
            let type = try section.memoryType()
            structure.memoryTypes.append(type)
            structure.memories.append(type)
            structure.memoryOffsets.append(offset)
        }
    }

    mutating func decodeTags(_ section: inout BinaryReader) throws(ModuleError) {
        structure.tagsOffset = section.position
        let count = try count(of: "tags", atMost: limits.tagsMax, entryBytes: 2, &section)
        for _ in 0..<count { structure.tags.append(try section.tagType()) }
        structure.tagTypeIndices.append(contentsOf: structure.tags)
    }

    mutating func decodeGlobals(_ section: inout BinaryReader) throws(ModuleError) {
        let count = try count(of: "globals", atMost: limits.globalsMax, entryBytes: 3, &section)
        structure.globals.reserveCapacity(count)
        for _ in 0..<count {
            let offset = section.position
            let type = try section.globalType()
            let initializer = try section.constantExpression(limits)
            structure.globalTypes.append(type)
            structure.globals.append(
                GlobalDefinition(type: type, initializer: initializer, offset: offset)
            )
        }
    }

    mutating func decodeExports(_ section: inout BinaryReader) throws(ModuleError) {
        let count = try count(of: "exports", atMost: limits.exportsMax, entryBytes: 3, &section)
        structure.exports.reserveCapacity(count)
        for _ in 0..<count {
            let offset = section.position
            let name = try section.name(limits)
            let kindOffset = section.position
            let kind = try section.byte()
            let index = try section.u32()
            let description: Export.Description
            switch kind {
            case 0: description = .function(index)
            case 1: description = .table(index)
            case 2: description = .memory(index)
            case 3: description = .global(index)
            case 4: description = .tag(index)
            default: throw ModuleError(.malformed, "malformed export kind", at: kindOffset)
            }
            structure.exports.append(
                Export(name: name, description: description, offset: offset)
            )
        }
    }
}
