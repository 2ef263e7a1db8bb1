import Synchronization

/// A module's translated functions.
@safe
struct Translations: ~Copyable {
    /// The code of each translated function, as allocated.
    private var buffers: [UnsafeMutableBufferPointer<UInt64>] = unsafe []
    /// The definitions that the buffers belong to.
    private var definitions: [Int] = []
    /// The address ranges of the buffers in ascending order, brought up to date when asked for.
    private var index: [(addresses: Range<UInt>, definition: Int)] = []
    /// What functions catch, by definition.
    private(set) var handlers: [Int: HandlerTable] = [:]
    private var maps: [Int: SourceMap] = [:]
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
        return UInt(bitPattern: buffer.baseAddress)
    }

    mutating func free() {
        for index in definitions.indices { unsafe buffers[index].deallocate() }
        unsafe buffers.removeAll()
    }

    /// The size of all translated functions.
    var byteCount: Int {
        var count = 0
        for index in definitions.indices { count += unsafe buffers[index].count * 8 }
        return count
    }

    /// The definition whose code holds an address.
    mutating func definition(at address: UInt) -> Int? {
        if index.count != definitions.count {
            for position in index.count..<definitions.count {
                let buffer = unsafe buffers[position]
                let start = UInt(bitPattern: buffer.baseAddress)
                index.append((start..<start + UInt(buffer.count * 8), definitions[position]))
            }
            // Takes linear time: all but the new ones are in order.
            index.sort { $0.addresses.lowerBound < $1.addresses.lowerBound }
        }
        let next = index.partitioningIndex { $0.addresses.lowerBound > address }
        guard next > 0, index[next - 1].addresses.contains(address) else { return nil }
        return index[next - 1].definition
    }

    mutating func map(of definition: Int, make: () -> SourceMap?) -> SourceMap? {
        if let map = maps[definition] { return map }
        guard let map = make() else { return nil }
        guard map.entries.count <= Self.mapEntriesMax else { return map }
        if mapEntryCount + map.entries.count > Self.mapEntriesMax {
            maps.removeAll()
            mapEntryCount = 0
        }
        maps[definition] = map
        mapEntryCount += map.entries.count
        return map
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
        store(function, of: definition)
        return code(definition).entry
    }

    private func translated(_ definition: Int) throws(ModuleError) -> TranslatedFunction {
        var translator = try FunctionTranslator(environment, definition: definition)
        return try translator.translate()
    }

    /// Makes a function's code that of all instances, unless another thread was faster.
    private func store(_ function: TranslatedFunction, of definition: Int) {
        let code = code(definition)
        translations.withLock { translations in
            guard code.entry == nil else { return }
            code.publish(function, at: translations.store(function, of: definition))
        }
    }

    /// The function that code at an address belongs to, with its instructions' places.
    func locate(_ address: UInt) -> (definition: Int, map: SourceMap)? {
        translations.withLock { translations in
            guard let definition = translations.definition(at: address) else { return nil }
            let map = translations.map(of: definition) {
                let translator = try? FunctionTranslator(
                    environment,
                    definition: definition,
                    mapping: true
                )
                guard var translator, (try? translator.translate()) != nil else { return nil }
                return translator.map
            }
            guard let map else { return nil }
            return (definition, map)
        }
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
