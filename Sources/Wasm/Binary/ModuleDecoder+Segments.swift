// The sections of element segments, function bodies and data. Core specification §5.5.12 to §5.5.14

extension ModuleDecoder {
    mutating func decodeElements(_ section: inout BinaryReader) throws(ModuleError) {
        let count = try count(
            of: "element segments",
            atMost: limits.elementSegmentsMax,
            entryBytes: 3,
            &section
        )
        structure.elements.reserveCapacity(count)
        for _ in 0..<count { structure.elements.append(try elementSegment(&section)) }
    }

    /// One segment, of the kind that its flags say.
    ///
    /// Bit 0: not active. Bit 1: declarative, or active with a table index. Bit 2: the elements
    /// are expressions.
    private func elementSegment(
        _ section: inout BinaryReader
    ) throws(ModuleError) -> ElementSegment {
        let offset = section.position
        let flags = try section.u32()
        guard flags < 8 else {
            throw ModuleError(.malformed, "malformed elements segment kind", at: offset)
        }
        let mode: ElementSegment.Mode
        if flags & 1 != 0 {
            mode = flags & 2 == 0 ? .passive : .declarative
        } else {
            let table = flags & 2 == 0 ? 0 : try section.u32()
            mode = .active(table: table, offset: try section.constantExpression(limits))
        }
        let hasExpressions = flags & 4 != 0
        // Function indices are references that are not null; the short form of expressions may be.
        var type = ReferenceType(heapType: .function, isNullable: hasExpressions)
        if flags & 3 != 0 {
            if hasExpressions {
                type = try section.referenceType()
            } else {
                let kindOffset = section.position
                guard try section.byte() == 0 else {
                    throw ModuleError(.malformed, "malformed element kind", at: kindOffset)
                }
            }
        }
        let items = hasExpressions ? try expressions(type, &section) : try functions(&section)
        return ElementSegment(type: type, items: items, mode: mode, offset: offset)
    }

    private func functions(
        _ section: inout BinaryReader
    ) throws(ModuleError) -> ElementSegment.Items {
        let count = try elementCount(entryBytes: 1, &section)
        var indices: [UInt32] = []
        indices.reserveCapacity(count)
        for _ in 0..<count { indices.append(try section.u32()) }
        return .functions(indices)
    }

    /// Expressions that are all `ref.func` of a `funcref` segment are kept as function indices,
    /// which means the same and takes a twentieth of the memory.
    private func expressions(
        _ type: ReferenceType,
        _ section: inout BinaryReader
    ) throws(ModuleError) -> ElementSegment.Items {
        let count = try elementCount(entryBytes: 2, &section)
        if type.heapType == .function, let indices = functionIndices(count, &section) {
            return .functions(indices)
        }
        var expressions: [ConstantExpression] = []
        expressions.reserveCapacity(count)
        let null = [ConstantInstruction.refNull(type.heapType)]
        for _ in 0..<count {
            let offset = section.position
            if skipNull(type, &section) {
                // All nulls share one list of instructions.
                expressions.append(ConstantExpression(instructions: null, offset: offset))
            } else {
                expressions.append(try section.constantExpression(limits))
            }
        }
        return .expressions(expressions)
    }

    /// Skips an expression that is the null of a type; otherwise skips nothing.
    private func skipNull(_ type: ReferenceType, _ section: inout BinaryReader) -> Bool {
        var reader = section
        do throws(ModuleError) {
            guard try reader.byte() == 0xD0, try reader.heapType() == type.heapType,
                try reader.byte() == 0x0B
            else { return false }
        } catch {
            return false
        }
        section = reader
        return true
    }

    /// Reads expressions that are all `ref.func`; otherwise reads nothing and returns nil.
    private func functionIndices(
        _ count: Int,
        _ section: inout BinaryReader
    ) -> [UInt32]? {
        var reader = section
        var indices: [UInt32] = []
        indices.reserveCapacity(count)
        do throws(ModuleError) {
            for _ in 0..<count {
                guard try reader.byte() == 0xD2 else { return nil }
                indices.append(try reader.u32())
                guard try reader.byte() == 0x0B else { return nil }
            }
        } catch {
            return nil
        }
        section = reader
        return indices
    }

    private func elementCount(
        entryBytes: Int,
        _ section: inout BinaryReader
    ) throws(ModuleError) -> Int {
        try count(
            of: "elements",
            atMost: limits.elementsPerSegmentMax,
            entryBytes: entryBytes,
            &section
        )
    }

    // MARK: - Function bodies

    mutating func decodeBodies(_ section: inout BinaryReader) throws(ModuleError) {
        let offset = section.position
        structure.codeOffset = offset
        let count = try count(
            of: "function bodies",
            atMost: limits.functionsMax,
            entryBytes: 1,
            &section
        )
        guard count == structure.functions.count else {
            throw inconsistentBodies(count, at: offset)
        }
        structure.bodies.reserveCapacity(count)
        for index in 0..<count {
            do throws(ModuleError) {
                structure.bodies.append(try functionBody(index, &section))
            } catch {
                throw error.inFunction(structure.importedFunctionCount + index)
            }
        }
    }

    private func functionBody(
        _ index: Int,
        _ section: inout BinaryReader
    ) throws(ModuleError) -> FunctionBody {
        let offset = section.position
        let size = Int(try section.u32())
        guard size <= section.remaining else {
            throw ModuleError(
                .malformed,
                "unexpected end of section or function: the body has \(size) bytes, "
                    + "\(section.remaining) are left",
                at: offset
            )
        }
        guard size <= limits.functionBytesMax else {
            throw ModuleError(
                .limit,
                "the body has \(size) bytes, more than \(limits.functionBytesMax)",
                at: offset
            )
        }
        var body = BinaryReader(bytes, range: try section.skip(size))
        let locals = try locals(ofFunction: index, &body)
        return FunctionBody(
            locals: locals,
            code: try body.skip(body.remaining),
            offset: offset
        )
    }

    private func locals(
        ofFunction index: Int,
        _ body: inout BinaryReader
    ) throws(ModuleError) -> [(count: UInt32, type: ValueType)] {
        let offset = body.position
        let runCount = try count(of: "runs of locals", atMost: .max, entryBytes: 2, &body)
        var runs: [(count: UInt32, type: ValueType)] = []
        runs.reserveCapacity(runCount)
        var total: UInt64 = 0
        for _ in 0..<runCount {
            let count = try body.u32()
            total += UInt64(count)
            guard total <= UInt64(UInt32.max) else {
                throw ModuleError(.malformed, "too many locals: \(total)", at: offset)
            }
            runs.append((count: count, type: try body.valueType()))
        }
        let typeIndex = Int(structure.functions[index])
        if typeIndex < structure.types.count {
            let type = structure.functionType(at: UInt32(typeIndex))
            total += UInt64(type.parameters.count)
        }
        guard total <= UInt64(limits.localsMax) else {
            throw ModuleError(
                .limit,
                "\(total) parameters and locals are more than \(limits.localsMax)",
                at: offset
            )
        }
        return runs
    }

    // MARK: - Data

    mutating func decodeDataSegments(_ section: inout BinaryReader) throws(ModuleError) {
        let count = try count(
            of: "data segments",
            atMost: limits.dataSegmentsMax,
            entryBytes: 2,
            &section
        )
        structure.dataSegments.reserveCapacity(count)
        for _ in 0..<count {
            let offset = section.position
            let mode: DataSegment.Mode
            switch try section.u32() {
            case 0:
                mode = .active(memory: 0, offset: try section.constantExpression(limits))
            case 1:
                mode = .passive
            case 2:
                let memory = try section.u32()
                mode = .active(memory: memory, offset: try section.constantExpression(limits))
            default:
                throw ModuleError(.malformed, "malformed data segment kind", at: offset)
            }
            let lengthOffset = section.position
            let length = Int(try section.u32())
            guard length <= section.remaining else {
                throw ModuleError(
                    .malformed,
                    "unexpected end of section or function: a data segment has \(length) bytes, "
                        + "\(section.remaining) are left",
                    at: lengthOffset
                )
            }
            structure.dataSegments.append(
                DataSegment(mode: mode, bytes: try section.skip(length), offset: offset)
            )
        }
    }
}
