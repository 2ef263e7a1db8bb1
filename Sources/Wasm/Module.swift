import Synchronization

/// A decoded and validated module, shared by all its instances.
///
/// Immutable but for its function bodies' translation, which happens at the first call of each; safe
/// to use from any thread.
@safe
public final class Module: @unchecked Sendable {
    /// Something that the module needs from whoever instantiates it.
    public struct ImportDescription: Sendable {
        public let module: String
        public let name: String
        public let type: ExternalType
        /// The byte of the module where the import begins.
        public let offset: Int
    }

    /// Something that instances of the module offer.
    public struct ExportDescription: Sendable {
        public let name: String
        public let type: ExternalType
    }

    let bytes: [UInt8]
    let structure: ModuleStructure
    let types: TypeTable
    let runtimeTypes: RuntimeTypes
    let layouts: SlotLayouts
    /// For each function its slot among the records of an instance; `UInt32.max` if it has none.
    let recordSlots: [UInt32]
    /// For each record slot its function.
    let recordFunctions: [UInt32]
    let exportsByName: [Name: Export.Description]

    // SAFETY: one element for each function that the module defines, at a fixed address until deinit.
    let functionCode: UnsafeMutablePointer<FunctionCode.Fields>
    let translations = Mutex(Translations())
    /// The name section, read when a name is first wanted.
    private let names = Mutex<NameSection?>(nil)
    /// The index of the debug information, read when a line is first wanted.
    private let lines = Mutex<LineTable?>(nil)

    /// Decodes and validates a module. Core specification §5 and §3
    ///
    /// Takes time and memory in proportion to the bytes. Function bodies are validated on up to `threads`
    /// threads, the caller's among them, when there is enough code for that.
    public init(
        _ bytes: [UInt8],
        limits: ModuleLimits = ModuleLimits(),
        threads: Int = 1
    ) throws(ModuleError) {
        let structure = try ModuleDecoder.decode(bytes, limits: limits)
        do throws(ModuleError) {
            self.types = try ModuleValidator.validate(
                structure,
                bytes: bytes,
                limits: limits,
                threads: threads
            )
        } catch {
            let names = NameSection(structure, bytes: bytes)
            throw error.named { Self.functionName($0, names, structure) }
        }
        self.bytes = bytes
        self.structure = structure
        self.runtimeTypes = RuntimeTypes(types)
        self.layouts = SlotLayouts(structure)
        (self.recordSlots, self.recordFunctions) = Self.recordSlots(structure)
        self.exportsByName = Dictionary(
            structure.exports.map { (Name($0.name), $0.description) },
            uniquingKeysWith: { first, _ in first }
        )
        let count = structure.functions.count
        unsafe self.functionCode = .allocate(capacity: max(count, 1))
        for definition in 0..<count {
            let parameters = layouts.parameters[Int(structure.functions[definition])]
            unsafe (functionCode + definition).initialize(
                to: FunctionCode.Fields(
                    index: UInt32(structure.importedFunctionCount + definition),
                    linkSlot: UInt16(clamping: parameters.slotCount)
                )
            )
        }
    }

    deinit {
        translations.withLock { $0.free() }
        unsafe functionCode.deinitialize(count: structure.functions.count)
        unsafe functionCode.deallocate()
    }

    /// The size of the module in bytes.
    public var byteCount: Int { bytes.count }

    /// The size of all function bodies in bytes.
    public var codeByteCount: Int { structure.bodies.reduce(0) { $0 + $1.code.count } }

    /// What the module imports, in its order.
    public var imports: [ImportDescription] {
        structure.imports.map { entry in
            ImportDescription(
                module: entry.module,
                name: entry.name,
                type: importType(entry.description),
                offset: entry.offset
            )
        }
    }

    /// What the module exports, in its order.
    public var exports: [ExportDescription] {
        structure.exports.map {
            ExportDescription(name: $0.name, type: exportType($0.description))
        }
    }

    /// The type of an export; nil when there is none of that name.
    public func export(named name: String) -> ExternalType? {
        exportsByName[Name(name)].map(exportType)
    }

    /// The function that is exported under a name, to be called often; nil when there is none.
    public func function(exported name: String) -> ExportedFunction? {
        guard case .function(let index)? = exportsByName[Name(name)] else { return nil }
        return ExportedFunction(
            module: ObjectIdentifier(self),
            index: Int(index),
            type: functionType(Int(index))
        )
    }

    // MARK: - Types

    /// The id of a type of the module among those of all modules.
    func typeID(_ index: UInt32) -> UInt32 { types.registered.ids[Int(index)] }

    /// The type of a function, resolved.
    func functionType(_ function: Int) -> FunctionType {
        functionType(at: structure.functionTypeIndices[function])
    }

    private func functionType(at index: UInt32) -> FunctionType {
        types.registered.resolve(structure.functionType(at: index))
    }

    private func resolve(_ type: TableType) -> TableType {
        var type = type
        type.element = types.registered.resolve(type.element)
        return type
    }

    private func resolve(_ type: GlobalType) -> GlobalType {
        GlobalType(value: types.registered.resolve(type.value), isMutable: type.isMutable)
    }

    func importType(_ description: Import.Description) -> ExternalType {
        switch description {
        case .function(let type): .function(functionType(at: type))
        case .table(let type): .table(resolve(type))
        case .memory(let type): .memory(type)
        case .global(let type): .global(resolve(type))
        case .tag(let type): .tag(functionType(at: type))
        }
    }

    private func exportType(_ description: Export.Description) -> ExternalType {
        switch description {
        case .function(let index): .function(functionType(Int(index)))
        case .table(let index): .table(tableType(Int(index)))
        case .memory(let index): .memory(structure.memoryTypes[Int(index)])
        case .global(let index): .global(globalType(Int(index)))
        case .tag(let index): .tag(functionType(at: structure.tagTypeIndices[Int(index)]))
        }
    }

    /// The type of a table, resolved.
    func tableType(_ index: Int) -> TableType { resolve(structure.tableTypes[index]) }

    /// The type of a global, resolved.
    func globalType(_ index: Int) -> GlobalType { resolve(structure.globalTypes[index]) }

    /// Gives a record slot to each function that is called by way of a record or can be referred to:
    /// imports, exports, and those that segments, globals or `ref.func` name.
    private static func recordSlots(_ structure: ModuleStructure) -> ([UInt32], [UInt32]) {
        var slots = [UInt32](repeating: .max, count: structure.functionTypeIndices.count)
        var functions: [UInt32] = []
        func add(_ function: UInt32) {
            guard slots[Int(function)] == .max else { return }
            slots[Int(function)] = UInt32(functions.count)
            functions.append(function)
        }
        func add(_ expression: ConstantExpression) {
            for case .refFunc(let function) in expression.instructions { add(function) }
        }
        for function in 0..<structure.importedFunctionCount { add(UInt32(function)) }
        for export in structure.exports {
            if case .function(let function) = export.description { add(function) }
        }
        if let start = structure.start { add(start) }
        for segment in structure.elements {
            switch segment.items {
            case .functions(let indices): indices.forEach(add)
            case .expressions(let expressions): expressions.forEach(add)
            }
        }
        for global in structure.globals { add(global.initializer) }
        for table in structure.tables { table.initializer.map(add) }
        return (slots, functions)
    }
}

extension Module {
    /// The name of a function for people: from the name section, else that of an export.
    func functionName(_ function: Int) -> String? {
        Self.functionName(function, nameSection, structure)
    }

    private static func functionName(
        _ function: Int,
        _ names: NameSection,
        _ structure: ModuleStructure
    ) -> String? {
        if let named = names.functions[UInt32(function)] { return named }
        let export = structure.exports.first { $0.description == .function(UInt32(function)) }
        return export.map { ReportedName.text($0.name.utf8) }
    }

    /// The name of an exception tag for people: from the name section, else that of an export.
    func tagName(_ tag: Int) -> String? {
        if let named = nameSection.tags[UInt32(tag)] { return named }
        let export = structure.exports.first { $0.description == .tag(UInt32(tag)) }
        return export.map { ReportedName.text($0.name.utf8) }
    }

    /// The source line of the instruction at a byte of the module, when the module has debug information.
    ///
    /// `search` is that of the whole report.
    func sourcePosition(of offset: Int, _ search: inout LineTable.Search) -> SourcePosition? {
        let table = lines.withLock { lines in
            let table = lines ?? LineTable(structure, bytes: bytes)
            lines = table
            return table
        }
        return table.location(of: offset, bytes, &search)
    }

    private var nameSection: NameSection {
        names.withLock { names in
            let section = names ?? NameSection(structure, bytes: bytes)
            names = section
            return section
        }
    }
}
