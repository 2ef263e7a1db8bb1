import Synchronization

/// A module's translated functions.
@safe
struct Translations: ~Copyable {
    /// The code of each translated function, as allocated.
    private var buffers: [UnsafeMutableBufferPointer<UInt64>] = unsafe []
    /// The definitions that the buffers belong to.
    private var definitions: [Int] = []
    /// The address ranges of the first buffers, in ascending order.
    private var index: [(addresses: Range<UInt>, definition: Int)] = []
    /// What functions catch, by definition.
    private(set) var handlers: [Int: HandlerTable] = [:]
    private var maps: [Int: SourceMap] = [:]
    /// The size of all translated functions.
    private(set) var byteCount = 0
    /// The entries of all kept maps together.
    private var mapEntryCount = 0

    // SAFETY: buffers are allocated here, never changed once their function's entry is published,
    // and freed once, when no instance of the module is left.
    mutating func store(_ function: TranslatedFunction, of definition: Int) -> UInt {
        let cells = function.cells
        handlers[definition] = function.handlers
        let buffer = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: cells.count)
        _ = unsafe buffer.initialize(from: cells)
        unsafe buffers.append(buffer)
        definitions.append(definition)
        byteCount += cells.count * 8
        return UInt(bitPattern: buffer.baseAddress)
    }

    mutating func free() {
        for index in definitions.indices { unsafe buffers[index].deallocate() }
        unsafe buffers.removeAll()
    }

    /// The definition whose code holds an address.
    mutating func definition(at address: UInt) -> Int? {
        // The newest functions are looked at one by one, until there are enough of them to sort them in.
        if definitions.count - index.count > Self.unsortedCountMax {
            for position in index.count..<definitions.count {
                index.append((addresses(at: position), definitions[position]))
            }
            // Takes linear time: all but the new ones are in order.
            index.sort { $0.addresses.lowerBound < $1.addresses.lowerBound }
        }
        let next = index.partitioningIndex { $0.addresses.lowerBound > address }
        if next > 0, index[next - 1].addresses.contains(address) {
            return index[next - 1].definition
        }
        return (index.count..<definitions.count).first { addresses(at: $0).contains(address) }
            .map { definitions[$0] }
    }

    private static let unsortedCountMax = 512

    private func addresses(at position: Int) -> Range<UInt> {
        let buffer = unsafe buffers[position]
        let start = UInt(bitPattern: buffer.baseAddress)
        return start..<start + UInt(buffer.count * 8)
    }

    /// The map of a function, if it was made before.
    func map(of definition: Int) -> SourceMap? { maps[definition] }

    /// Keeps a map, unless it is too large.
    mutating func keep(_ map: SourceMap, of definition: Int) {
        guard map.entries.count <= Self.mapEntriesMax, maps[definition] == nil else { return }
        if mapEntryCount + map.entries.count > Self.mapEntriesMax {
            maps.removeAll()
            mapEntryCount = 0
        }
        maps[definition] = map
        mapEntryCount += map.entries.count
    }

    /// How many entries are kept, of 12 bytes each, for functions that trap again and again.
    private static let mapEntriesMax = 1_000_000
}

extension Module {
    /// Translates every function that has not been translated, on up to `threads` threads.
    ///
    /// Throws ``ModuleError/Kind/limit`` for a function that the code format cannot hold.
    public func translateAll(threads: Int = 1) throws(ModuleError) {
        try FunctionBodies.divide(structure.bodies, threads: threads) {
            [self] range throws(ModuleError) in
            for definition in range where code(definition).entry == nil {
                try store(translated(definition), of: definition)
            }
        }
    }

    /// Translates the functions whose bodies have so many bytes or more: what takes long is done before
    /// somebody calls.
    public func translate(bodiesFrom byteCount: Int) throws(ModuleError) {
        for (definition, body) in structure.bodies.enumerated()
        where body.code.count >= byteCount && code(definition).entry == nil {
            try store(translated(definition), of: definition)
        }
    }

    /// The size of the functions that have been translated, in bytes of translated code.
    public var translatedByteCount: Int { translations.withLock { $0.byteCount } }

    /// The code of a function that the module defines.
    func code(_ definition: Int) -> FunctionCode {
        precondition(definition >= 0 && definition < structure.functions.count)
        return unsafe FunctionCode(functionCode + definition)
    }

    /// Translates a function if that has not been done; nil when it is too large.
    func translate(_ definition: Int) -> CodePointer? {
        if let entry = code(definition).entry { return entry }
        guard let function = try? translated(definition) else { return nil }
        try? store(function, of: definition)
        return code(definition).entry
    }

    private func translated(_ definition: Int) throws(ModuleError) -> TranslatedFunction {
        var translator = try FunctionTranslator(environment, definition: definition)
        return try translator.translate()
    }

    /// Makes a function's code that of all instances, unless another thread was faster.
    private func store(
        _ function: TranslatedFunction,
        of definition: Int
    ) throws(ModuleError) {
        let code = code(definition)
        let limit = Self.translatedByteCountMin + bytes.count * Self.translatedBytesPerByteMax
        let isStored = translations.withLock { translations in
            guard code.entry == nil else { return true }
            guard translations.byteCount + function.cells.count * 8 <= limit else { return false }
            code.publish(function, at: translations.store(function, of: definition))
            return true
        }
        guard !isStored else { return }
        let message = "translated code takes more than \(limit) bytes"
        let offset = structure.bodies[definition].offset
        throw ModuleError(.limit, message, at: offset, function: code.index)
    }

    /// Programs that compilers make take two to four times their size.
    private static let translatedBytesPerByteMax = 16
    /// What any module may take, however small.
    private static let translatedByteCountMin = 16 << 20

    /// The function that code at an address belongs to, and the cell of its code.
    func locate(_ address: UInt) -> (definition: Int, cell: Int)? {
        guard let definition = translations.withLock({ $0.definition(at: address) }),
            let entry = code(definition).entry
        else { return nil }
        return (definition, Int((address - entry.address) / 8))
    }

    /// Where the instructions of a function come from.
    ///
    /// Takes as long as translating it, unless the map of it is kept.
    func sourceMap(of definition: Int) -> SourceMap? {
        if let map = translations.withLock({ $0.map(of: definition) }) { return map }
        let translator = try? FunctionTranslator(environment, definition: definition, mapping: true)
        guard var translator, (try? translator.translate()) != nil, let map = translator.map else {
            return nil
        }
        translations.withLock { $0.keep(map, of: definition) }
        return map
    }

    private var environment: FunctionTranslator.Environment {
        let imported = structure.importedFunctionCount
        return FunctionTranslator.Environment(
            structure: structure,
            bytes: bytes,
            typeIDs: types.registered.ids,
            runtimeTypes: runtimeTypes,
            layouts: layouts,
            recordSlots: recordSlots,
            codeAddress: { [self] function in code(function - imported).address }
        )
    }
}

extension Module {
    /// A place in translated code, with what catches exceptions there.
    struct HandlerPlace {
        let code: FunctionCode
        let entry: CodePointer
        /// The cell, counted from `entry`.
        let cell: UInt32
        /// What the function's blocks catch; nil when it has none that do.
        let handlers: HandlerTable?
    }

    /// The function that code at an address belongs to, with its handlers; nil for code of no function.
    func handlers(at address: UInt) -> HandlerPlace? {
        let found = translations.withLock { translations in
            translations.definition(at: address).map { ($0, translations.handlers[$0]) }
        }
        guard let (definition, handlers) = found else { return nil }
        let code = code(definition)
        guard let entry = code.entry else { return nil }
        return HandlerPlace(
            code: code,
            entry: entry,
            cell: UInt32(truncatingIfNeeded: (address - entry.address) / 8),
            handlers: handlers
        )
    }
}
