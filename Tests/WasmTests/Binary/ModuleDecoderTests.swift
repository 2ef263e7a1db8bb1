import Testing

@testable import Wasm

struct ModuleDecoderTests {
    /// Decodes, which must fail; the error must lie within the module.
    private func refusal(
        of bytes: [UInt8],
        _ limits: ModuleLimits = ModuleLimits(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> ModuleError? {
        let error = #expect(throws: ModuleError.self, sourceLocation: sourceLocation) {
            try ModuleDecoder.decode(bytes, limits: limits)
        }
        #expect((0...bytes.count).contains(error?.offset ?? -1), sourceLocation: sourceLocation)
        return error
    }

    @Test func `a complete module is decoded`() throws {
        let bytes = ModuleBuilder.complete.bytes
        let module = try ModuleDecoder.decode(bytes, limits: ModuleLimits())
        #expect(module.functionType(at: 1) == FunctionType([.i32, .i64], [.i64, .f64]))
        #expect(module.imports.map(\.name) == ["log", "table", "memory", "base"])
        #expect(module.functionTypeIndices == [0, 0, 1])
        #expect(module.tableTypes.map(\.element) == [.function, .external, .function])
        #expect(module.tables.map { $0.initializer != nil } == [false, true])
        #expect(module.memoryTypes.map(\.limits) == [SizeLimits(minimum: 1, maximum: 2)])
        #expect(module.globalTypes.map(\.isMutable) == [false, true, false, false])
        #expect(module.exports.map(\.description) == [.function(1), .memory(0), .global(1)])
        #expect(module.start == 1)
        #expect(module.elements.count == 8)
        #expect(module.dataCount == 3)
        #expect(module.bodies.map { Int($0.locals.first?.count ?? 0) } == [3, 0])
        #expect(module.dataSegments.map { Array(bytes[$0.bytes]) } == [[0x61, 0x62], [0x63], []])
        #expect(module.customSections.map(\.name) == ["name"])
        try ModuleValidator.validate(module, bytes: bytes, limits: ModuleLimits())
    }

    @Test func `elements that are all function references become indices`() throws {
        let bytes = ModuleBuilder.complete.bytes
        let module = try ModuleDecoder.decode(bytes, limits: ModuleLimits())
        guard case .expressions(let mixed) = module.elements[4].items,
            case .functions(let functions) = module.elements[7].items
        else {
            Issue.record("segments are of other kinds")
            return
        }
        #expect(mixed.count == 2)
        #expect(functions == [2])
    }

    @Test func `a module cut anywhere but between sections is refused`() {
        let sections = ModuleBuilder.complete.sections
        let bytes = ModuleBuilder.complete.bytes
        var boundaries: Set<Int> = [8]
        for section in sections { boundaries.insert((boundaries.max() ?? 0) + section.count) }
        for count in 0..<bytes.count where !boundaries.contains(count) {
            let error = refusal(of: Array(bytes.prefix(count)))
            #expect(error?.kind == .malformed, "cut at \(count)")
        }
    }

    @Test func `every section cut at every byte is refused`() {
        for section in ModuleBuilder.complete.sections {
            var reader = BinaryReader(section, range: 1..<section.count)
            _ = try? reader.u32()
            let contents = section[reader.position...]
            for count in 0..<contents.count {
                let cut = ModuleBuilder.section(section[0], Array(contents.prefix(count)))
                let bytes = ModuleBuilder.header + cut
                // A name section is a custom section, whose contents may be anything.
                if section[0] == 0, count >= 5 { continue }
                #expect(refusal(of: bytes) != nil, "section \(section[0]) cut at \(count)")
            }
        }
    }

    // MARK: - The form of modules

    @Test(
        arguments: [
            ([], "magic header not detected"),
            ([0x00, 0x61, 0x73, 0x6E, 1, 0, 0, 0], "magic header not detected"),
            ([0x00, 0x61, 0x73, 0x6D, 1, 0, 0], "unknown binary version"),
            ([0x00, 0x61, 0x73, 0x6D, 2, 0, 0, 0], "unknown binary version"),
        ] as [([UInt8], String)]
    )
    func `a wrong header is refused`(bytes: [UInt8], message: String) {
        #expect(refusal(of: bytes)?.message == message)
    }

    @Test(
        arguments: [
            ([14, 0], "malformed section id 14"),
            ([1, 5, 0], "length out of bounds"),
            ([1, 2, 0, 0], "section size mismatch"),
            ([3, 1, 0, 1, 1, 0], "unexpected content after last section"),
            ([1, 1, 0, 1, 1, 0], "unexpected content after last section"),
            ([10, 1, 0, 12, 1, 0], "unexpected content after last section"),
            ([0, 0], "unexpected end"),
            ([0, 2, 1, 0xFF], "malformed UTF-8 encoding"),
            ([0, 4, 3, 0xED, 0xA0, 0x80], "malformed UTF-8 encoding"),
            ([0, 3, 2, 0xC0, 0x80], "malformed UTF-8 encoding"),
            ([1, 4, 1, 0x61, 0, 0], "malformed definition type"),
            ([1, 5, 1, 0x60, 1, 0x01, 0], "malformed value type"),
            ([2, 5, 1, 0, 0, 5, 0], "malformed import kind"),
            ([3, 2, 1, 0], "function and code section have inconsistent lengths"),
            ([1, 4, 1, 0x60, 0, 0, 10, 4, 1, 2, 0, 0x0B], "function and code section"),
            ([4, 4, 1, 0x7F, 0, 0], "malformed reference type"),
            ([4, 4, 1, 0x70, 8, 0], "malformed limits flags"),
            ([5, 3, 1, 0x81, 0], "malformed limits flags"),
            ([6, 6, 1, 0x7F, 2, 0x41, 0, 0x0B], "malformed mutability"),
            ([6, 5, 1, 0x7F, 0, 0x41, 0], "unexpected end"),
            ([6, 5, 1, 0x7F, 0, 0xFF, 0x0B], "illegal opcode ff"),
            ([7, 4, 1, 0, 9, 0], "malformed export kind"),
            ([9, 4, 1, 8, 0, 0], "malformed elements segment kind"),
            ([9, 4, 1, 1, 5, 0], "malformed element kind"),
            ([11, 3, 1, 3, 0], "malformed data segment kind"),
            ([11, 4, 1, 1, 9, 0], "unexpected end of section or function"),
            ([12, 1, 1], "data count and data section have inconsistent lengths"),
            ([1, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], "integer too large"),
        ] as [([UInt8], String)]
    )
    func `wrong sections are refused`(sections: [UInt8], message: String) {
        let error = refusal(of: ModuleBuilder.header + sections)
        #expect(error?.kind == .malformed)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "none")")
    }

    @Test(
        arguments: [
            ([5, 4, 1, 3, 1, 1], "shared memories"),
            ([6, 5, 1, 0x7F, 0, 0xFE, 0x00], "threads and atomics (memory.atomic.notify)"),
        ] as [([UInt8], String)]
    )
    func `features that the engine lacks are named`(sections: [UInt8], feature: String) {
        let error = refusal(of: ModuleBuilder.header + sections)
        #expect(error?.kind == .unsupported)
        #expect(error?.message.contains(feature) == true, "\(error?.message ?? "none")")
    }

    @Test func `a component is told from a module`() {
        let error = refusal(of: [0x00, 0x61, 0x73, 0x6D, 0x0D, 0x00, 0x01, 0x00])
        #expect(error?.kind == .unsupported)
        #expect(error?.message.contains("component") == true)
    }

    // MARK: - Limits

    @Test(arguments: [1, 2, 3, 4, 6, 7, 9, 10, 11] as [UInt8])
    func `a count larger than the section allocates nothing`(section: UInt8) {
        for count in [[0x7F], [0xC0, 0x84, 0x3D], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]] as [[UInt8]] {
            let bytes = ModuleBuilder.header + ModuleBuilder.section(section, count)
            // Refused at the count itself, and not where the entries run out.
            #expect(refusal(of: bytes)?.offset == 10)
        }
    }

    @Test(
        arguments: [
            (\ModuleLimits.typesMax, 2), (\.importsMax, 4), (\.functionsMax, 2), (\.tablesMax, 2),
            (\.globalsMax, 3), (\.exportsMax, 3), (\.elementSegmentsMax, 8),
            (\.elementsPerSegmentMax, 2), (\.dataSegmentsMax, 3), (\.parametersMax, 2),
            (\.resultsMax, 2), (\.localsMax, 3), (\.functionBytesMax, 54), (\.nameBytesMax, 6),
            (\.constantInstructionsMax, 3),
        ] as [(any WritableKeyPath<ModuleLimits, Int> & Sendable, Int)]
    )
    func `a limit is reached and not passed`(
        limit: any WritableKeyPath<ModuleLimits, Int> & Sendable,
        most: Int
    ) throws {
        var limits = ModuleLimits()
        let bytes = ModuleBuilder.complete.bytes
        limits[keyPath: limit] = most
        _ = try ModuleDecoder.decode(bytes, limits: limits)
        limits[keyPath: limit] = most - 1
        #expect(refusal(of: bytes, limits)?.kind == .limit)
    }

    @Test func `the size of a module is limited`() throws {
        var limits = ModuleLimits()
        limits.moduleBytesMax = 8
        _ = try ModuleDecoder.decode(ModuleBuilder.header, limits: limits)
        let error = refusal(of: ModuleBuilder.header + [0, 1, 0], limits)
        #expect(error?.kind == .limit)
    }

    @Test func `locals beyond the index space are malformed, not over a limit`() {
        var module = ModuleBuilder()
        module.addFunction([], [], [0x0B])
        let most: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F]
        module.bodies[0] = [0x02] + most + most + [0x0B]
        let error = refusal(of: module.bytes)
        #expect(error?.kind == .malformed)
        #expect(error?.message.hasPrefix("too many locals") == true)
        #expect(error?.function == 0)
    }
}
