// The types of the binary format. Core specification §5.3

extension BinaryReader {
    mutating func valueType() throws(ModuleError) -> ValueType {
        let offset = position
        let code = try byte()
        switch code {
        case 0x7F: return .i32
        case 0x7E: return .i64
        case 0x7D: return .f32
        case 0x7C: return .f64
        default:
            guard let type = try referenceType(code, at: offset) else {
                throw ModuleError(.malformed, "malformed value type", at: offset)
            }
            return .reference(type)
        }
    }

    mutating func referenceType() throws(ModuleError) -> ReferenceType {
        let offset = position
        let code = try byte()
        guard let type = try referenceType(code, at: offset) else {
            throw ModuleError(.malformed, "malformed reference type", at: offset)
        }
        return type
    }

    /// The reference type that a code begins; nil when it begins none.
    private mutating func referenceType(
        _ code: UInt8,
        at offset: Int
    ) throws(ModuleError) -> ReferenceType? {
        switch code {
        case 0x70: return .function
        case 0x6F: return .external
        case 0x63: return ReferenceType(heapType: try heapType(), isNullable: true)
        default:
            if let refusal = UnsupportedFeature.type(code, at: offset) { throw refusal }
            return nil
        }
    }

    mutating func heapType() throws(ModuleError) -> HeapType {
        let offset = position
        switch peek() {
        case 0x70:
            _ = try byte()
            return .function
        case 0x6F:
            _ = try byte()
            return .external
        default:
            break
        }
        let code = try s33()
        if code >= 0 {
            throw UnsupportedFeature.typedReferences.refusal("type \(code)", at: offset)
        }
        // A heap type's number is the code of the type of references to it.
        let typeCode = UInt8(truncatingIfNeeded: code & 0x7F)
        if code >= -64, let refusal = UnsupportedFeature.type(typeCode, at: offset) {
            throw refusal
        }
        throw ModuleError(.malformed, "malformed heap type", at: offset)
    }

    mutating func globalType() throws(ModuleError) -> GlobalType {
        let value = try valueType()
        let offset = position
        switch try byte() {
        case 0: return GlobalType(value: value, isMutable: false)
        case 1: return GlobalType(value: value, isMutable: true)
        default: throw ModuleError(.malformed, "malformed mutability", at: offset)
        }
    }

    mutating func tableType() throws(ModuleError) -> TableType {
        let element = try referenceType()
        return TableType(element: element, limits: try sizeLimits())
    }

    mutating func memoryType() throws(ModuleError) -> MemoryType {
        MemoryType(limits: try sizeLimits())
    }

    /// A size range.
    ///
    /// The flags are one byte: bit 0 says that there is a maximum, bit 1 that it is shared, bit 2
    /// that addresses have 64 bits.
    private mutating func sizeLimits() throws(ModuleError) -> SizeLimits {
        let offset = position
        let flags = try byte()
        guard flags < 8 else {
            throw ModuleError(.malformed, "malformed limits flags", at: offset)
        }
        if flags & 4 != 0 {
            throw UnsupportedFeature.memory64.refusal("limits flag \(flags)", at: offset)
        }
        if flags & 2 != 0 {
            throw UnsupportedFeature.sharedMemory.refusal("limits flag \(flags)", at: offset)
        }
        let minimum = try u64()
        return SizeLimits(minimum: minimum, maximum: flags & 1 == 0 ? nil : try u64())
    }
}
