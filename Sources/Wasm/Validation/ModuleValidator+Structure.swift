// Everything that a module has beside the bodies of functions. Core specification §3.4.10, §3.5

extension ModuleValidator {
    // MARK: - Imports and definitions

    /// Checks the type indices in the types of imports, definitions and segments.
    static func checkValueTypes(
        _ structure: ModuleStructure,
        _ types: TypeTable
    ) throws(ModuleError) {
        func check(_ type: ValueType, at offset: Int) throws(ModuleError) {
            guard types.isInRange(type) else {
                throw ModuleError(.invalid, "unknown type in \(type)", at: offset)
            }
        }
        for entry in structure.imports {
            switch entry.description {
            case .table(let type): try check(.reference(type.element), at: entry.offset)
            case .global(let type): try check(type.value, at: entry.offset)
            case .function, .memory, .tag: continue
            }
        }
        for table in structure.tables {
            try check(.reference(table.type.element), at: table.offset)
        }
        for global in structure.globals { try check(global.type.value, at: global.offset) }
        for segment in structure.elements {
            try check(.reference(segment.type), at: segment.offset)
        }
    }

    mutating func validateImports() throws(ModuleError) {
        for entry in structure.imports {
            switch entry.description {
            case .function(let index): try requireType(index, at: entry.offset, function: nil)
            case .table(let type): try validate(type, at: entry.offset)
            case .memory(let type): try validate(type, at: entry.offset)
            case .global: break
            case .tag(let index): try requireTagType(index, at: entry.offset)
            }
        }
    }

    func validateTags() throws(ModuleError) {
        for index in structure.tags { try requireTagType(index, at: structure.tagsOffset) }
    }

    private func requireTagType(_ index: UInt32, at offset: Int) throws(ModuleError) {
        try requireType(index, at: offset, function: nil)
        guard structure.functionType(at: index).results.isEmpty else {
            throw ModuleError(
                .invalid,
                "non-empty tag result type: \(structure.functionType(at: index))",
                at: offset
            )
        }
    }

    func validateFunctionTypes() throws(ModuleError) {
        for (index, type) in structure.functions.enumerated() {
            // There is a body for each function: the decoder has checked.
            try requireType(
                type,
                at: structure.bodies[index].offset,
                function: structure.importedFunctionCount + index
            )
        }
    }

    private func requireType(
        _ index: UInt32,
        at offset: Int,
        function: Int?
    ) throws(ModuleError) {
        guard Int(index) < structure.types.count else {
            throw ModuleError(.invalid, "unknown type \(index)", at: offset, function: function)
        }
        guard context.types.kinds[Int(index)] == .function else {
            throw ModuleError(
                .invalid,
                "unknown type: type \(index) is not a function type",
                at: offset,
                function: function
            )
        }
    }

    mutating func validateTables() throws(ModuleError) {
        // The initial value may use imported globals only: the module's own come later.
        constants.globalCount = structure.importedGlobalCount
        for table in structure.tables {
            try validate(table.type, at: table.offset)
            let element = context.types.operand(table.type.element)
            if let initializer = table.initializer {
                try constants.validate(initializer, type: element)
            } else if !element.isDefaultable {
                throw ModuleError(
                    .invalid,
                    "type mismatch: a table of \(element) needs an initial value",
                    at: table.offset
                )
            }
        }
    }

    func validateMemories() throws(ModuleError) {
        for (memory, offset) in zip(structure.memories, structure.memoryOffsets) {
            try validate(memory, at: offset)
        }
    }

    private func validate(_ type: TableType, at offset: Int) throws(ModuleError) {
        let limits = type.limits
        let most = type.addressType == .i32 ? UInt64(UInt32.max) : .max
        guard limits.minimum <= most, limits.maximum ?? 0 <= most else {
            throw ModuleError(
                .invalid,
                "table size must be at most 2^32-1 elements, found limits \(limits)",
                at: offset
            )
        }
        try requireOrder(limits, at: offset)
    }

    private func validate(_ type: MemoryType, at offset: Int) throws(ModuleError) {
        let limits = type.limits
        let most = type.pagesMax
        guard limits.minimum <= most, limits.maximum ?? 0 <= most else {
            throw ModuleError(
                .invalid,
                type.addressType == .i32
                    ? "memory size must be at most 65536 pages (4GiB), found limits \(limits)"
                    : "memory size must be at most 2^48 pages, found limits \(limits)",
                at: offset
            )
        }
        try requireOrder(limits, at: offset)
    }

    private func requireOrder(_ limits: SizeLimits, at offset: Int) throws(ModuleError) {
        guard limits.minimum <= limits.maximum ?? .max else {
            throw ModuleError(
                .invalid,
                "size minimum must not be greater than maximum, found limits \(limits)",
                at: offset
            )
        }
    }

    mutating func validateGlobals() throws(ModuleError) {
        for (index, global) in structure.globals.enumerated() {
            // A global may use those before it.
            constants.globalCount = structure.importedGlobalCount + index
            try constants.validate(
                global.initializer,
                type: context.types.operand(global.type.value)
            )
        }
        constants.globalCount = structure.globalTypes.count
    }

    // MARK: - Exports and start

    func validateExports() throws(ModuleError) {
        // Names are compared by their bytes: characters that Unicode calls equivalent differ.
        var names: Set<[UInt8]> = []
        for export in structure.exports {
            switch export.description {
            case .function(let index):
                try require(index, below: context.functions.count, "function", at: export.offset)
            case .table(let index):
                try require(index, below: context.tables.count, "table", at: export.offset)
            case .memory(let index):
                try require(index, below: context.memories.count, "memory", at: export.offset)
            case .global(let index):
                try require(index, below: context.globals.count, "global", at: export.offset)
            case .tag(let index):
                try require(index, below: context.tags.count, "tag", at: export.offset)
            }
            guard names.insert(Array(export.name.utf8)).inserted else {
                throw ModuleError(
                    .invalid,
                    "duplicate export name \"\(ReportedName.text(export.name.utf8))\"",
                    at: export.offset
                )
            }
        }
    }

    private func require(
        _ index: UInt32,
        below count: Int,
        _ kind: String,
        at offset: Int
    ) throws(ModuleError) {
        guard Int(index) < count else {
            throw ModuleError(.invalid, "unknown \(kind) \(index)", at: offset)
        }
    }

    func validateStart() throws(ModuleError) {
        guard let start = structure.start else { return }
        let offset = structure.startOffset
        try require(start, below: context.functions.count, "function", at: offset)
        let type = structure.functionType(at: context.functions[Int(start)])
        guard type.parameters.isEmpty, type.results.isEmpty else {
            throw ModuleError(
                .invalid,
                "start function must have type [] -> [], found \(type)",
                at: offset
            )
        }
    }

    // MARK: - Segments

    mutating func validate(_ segment: ElementSegment) throws(ModuleError) {
        let type = context.types.operand(segment.type)
        switch segment.items {
        case .functions(let indices):
            for index in indices {
                try require(index, below: context.functions.count, "function", at: segment.offset)
            }
        case .expressions(let expressions):
            for expression in expressions { try constants.validate(expression, type: type) }
        }
        guard case .active(let table, let offset) = segment.mode else { return }
        try require(table, below: context.tables.count, "table", at: segment.offset)
        let tableType = context.tables[Int(table)]
        guard context.types.matches(type, tableType.element) else {
            throw ModuleError(
                .invalid,
                "type mismatch: a table of \(tableType.element) cannot hold elements of \(type)",
                at: segment.offset
            )
        }
        try constants.validate(offset, type: tableType.address)
    }

    mutating func validate(_ segment: DataSegment) throws(ModuleError) {
        guard case .active(let memory, let offset) = segment.mode else { return }
        try require(memory, below: context.memories.count, "memory", at: segment.offset)
        try constants.validate(offset, type: context.memories[Int(memory)])
    }
}
