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
        case 0x7B: return .v128
        default:
            guard let type = try referenceType(code) else {
                throw ModuleError(.malformed, "malformed value type", at: offset)
            }
            return .reference(type)
        }
    }

    mutating func referenceType() throws(ModuleError) -> ReferenceType {
        let offset = position
        guard let type = try referenceType(try byte()) else {
            throw ModuleError(.malformed, "malformed reference type", at: offset)
        }
        return type
    }

    /// The reference type that a code begins; nil when it begins none.
    private mutating func referenceType(_ code: UInt8) throws(ModuleError) -> ReferenceType? {
        switch code {
        case 0x63: return ReferenceType(heapType: try heapType(), isNullable: true)
        case 0x64: return ReferenceType(heapType: try heapType(), isNullable: false)
        default:
            return HeapType(code: code).map { ReferenceType(heapType: $0, isNullable: true) }
        }
    }

    mutating func heapType() throws(ModuleError) -> HeapType {
        if let code = peek(), let type = HeapType(code: code) {
            _ = try byte()
            return type
        }
        let offset = position
        guard let index = UInt32(exactly: try s33()) else {
            throw ModuleError(.malformed, "malformed heap type", at: offset)
        }
        return .index(index)
    }

    mutating func storageType() throws(ModuleError) -> StorageType {
        switch peek() {
        case 0x78:
            _ = try byte()
            return .i8
        case 0x77:
            _ = try byte()
            return .i16
        default:
            return .value(try valueType())
        }
    }

    mutating func fieldType() throws(ModuleError) -> FieldType {
        let storage = try storageType()
        return FieldType(storage, isMutable: try mutability())
    }

    mutating func globalType() throws(ModuleError) -> GlobalType {
        let value = try valueType()
        return GlobalType(value: value, isMutable: try mutability())
    }

    private mutating func mutability() throws(ModuleError) -> Bool {
        let offset = position
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw ModuleError(.malformed, "malformed mutability", at: offset)
        }
    }

    mutating func tableType() throws(ModuleError) -> TableType {
        let element = try referenceType()
        let (limits, addressType) = try sizeLimits()
        return TableType(element: element, limits: limits, addressType: addressType)
    }

    mutating func memoryType() throws(ModuleError) -> MemoryType {
        let (limits, addressType) = try sizeLimits()
        return MemoryType(limits: limits, addressType: addressType)
    }

    /// The type index of a tag, after the attribute that says that it is for exceptions. §5.3.14
    mutating func tagType() throws(ModuleError) -> UInt32 {
        let offset = position
        guard try byte() == 0 else {
            throw ModuleError(.malformed, "malformed tag attribute", at: offset)
        }
        return try u32()
    }

    /// A size range and the numbers that address it.
    ///
    /// The flags are one byte: bit 0 says that there is a maximum, bit 1 that it is shared, bit 2
    /// that addresses have 64 bits.
    private mutating func sizeLimits() throws(ModuleError) -> (SizeLimits, AddressType) {
        let offset = position
        let flags = try byte()
        guard flags < 8 else {
            throw ModuleError(.malformed, "malformed limits flags", at: offset)
        }
        if flags & 2 != 0 {
            throw UnsupportedFeature.sharedMemory.refusal("limits flag \(flags)", at: offset)
        }
        let minimum = try u64()
        let maximum = flags & 1 == 0 ? nil : try u64()
        return (SizeLimits(minimum: minimum, maximum: maximum), flags & 4 == 0 ? .i32 : .i64)
    }
}

extension HeapType {
    /// The abstract heap type with a code; nil when the code has another meaning.
    init?(code: UInt8) {
        switch code {
        case 0x74: self = .noException
        case 0x73: self = .noFunction
        case 0x72: self = .noExternal
        case 0x71: self = .none
        case 0x70: self = .function
        case 0x6F: self = .external
        case 0x6E: self = .any
        case 0x6D: self = .equal
        case 0x6C: self = .i31
        case 0x6B: self = .structure
        case 0x6A: self = .array
        case 0x69: self = .exception
        default: return nil
        }
    }
}
