// Types. Core specification §6.4

extension ModuleEncoder {
    // MARK: - Value types

    /// The heap types with keywords, and their codes.
    private static let heapTypes: [String: UInt8] = [
        "func": 0x70, "nofunc": 0x73, "extern": 0x6F, "noextern": 0x72, "exn": 0x69,
        "noexn": 0x74, "any": 0x6E, "eq": 0x6D, "i31": 0x6C, "struct": 0x6B, "array": 0x6A,
        "none": 0x71,
    ]

    /// The value types with keywords, and their codes.
    private static let valueTypes: [String: UInt8] = [
        "i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C, "v128": 0x7B,
        "funcref": 0x70, "nullfuncref": 0x73, "externref": 0x6F, "nullexternref": 0x72,
        "exnref": 0x69, "nullexnref": 0x74, "anyref": 0x6E, "eqref": 0x6D, "i31ref": 0x6C,
        "structref": 0x6B, "arrayref": 0x6A, "nullref": 0x71,
    ]

    /// Reads a heap type, as the signed number of its binary form.
    mutating func heapType() throws(TextError) -> Int64 {
        if isAtIndex { return Int64(try index(types)) }
        guard reader.kind == .atom, let code = Self.heapTypes[reader.text] else {
            throw reader.unexpected("a heap type")
        }
        reader.advance()
        return Int64(code) - 0x80
    }

    /// Whether a value type comes next.
    var isAtValueType: Bool {
        reader.opens("ref") || reader.kind == .atom && Self.valueTypes[reader.text] != nil
    }

    mutating func valueType() throws(TextError) -> EncodedType {
        if reader.tryOpen("ref") {
            let isNullable = reader.tryKeyword("null")
            let heap = try heapType()
            try reader.close()
            // Nullable references to abstract types have a code of their own.
            if isNullable, heap < 0 {
                return EncodedType(code: UInt8(truncatingIfNeeded: heap & 0x7F))
            }
            return EncodedType(code: isNullable ? 0x63 : 0x64, heap: heap)
        }
        guard reader.kind == .atom, let code = Self.valueTypes[reader.text] else {
            throw reader.unexpected("a value type")
        }
        reader.advance()
        return EncodedType(code: code)
    }

    mutating func referenceType() throws(TextError) -> EncodedType {
        let position = reader.position
        let type = try valueType()
        guard type.isReference else {
            reader.position = position
            throw reader.unexpected("a reference type")
        }
        return type
    }

    // MARK: - Type uses, §6.4.5 and §6.6.3

    /// Reads `(param …)` and `(result …)` lists; names of parameters are kept when allowed.
    mutating func signature(
        names: inout [[UInt8]?],
        allowsNames: Bool
    ) throws(TextError) -> Signature {
        var signature = Signature()
        while reader.tryOpen("param") {
            if reader.kind == .identifier {
                guard allowsNames else { throw reader.unexpected("a value type") }
                names.append(try reader.identifier())
                signature.parameters.append(try valueType())
            } else {
                while reader.kind != .rightParenthesis {
                    names.append(nil)
                    signature.parameters.append(try valueType())
                }
            }
            try reader.close()
        }
        while reader.tryOpen("result") {
            while reader.kind != .rightParenthesis { signature.results.append(try valueType()) }
            try reader.close()
        }
        return signature
    }

    /// What a type use says: an index, or a signature, or both.
    struct TypeUse {
        var index: UInt32?
        var signature: Signature
        var names: [[UInt8]?]
    }

    mutating func typeUse(allowsNames: Bool) throws(TextError) -> TypeUse {
        var index: UInt32?
        let position = reader.position
        if reader.tryOpen("type") {
            index = try self.index(types)
            try reader.close()
        }
        var names: [[UInt8]?] = []
        let signature = try signature(names: &names, allowsNames: allowsNames)
        guard let index, signature != Signature() else {
            return TypeUse(index: index, signature: signature, names: names)
        }
        guard Int(index) < signatures.count, signatures[Int(index)] == signature else {
            reader.position = position
            throw reader.error("inline function type differs from type \(index)")
        }
        return TypeUse(index: index, signature: signature, names: names)
    }

    /// The index of a type use; a type is added when there is none yet.
    mutating func typeIndex(_ use: TypeUse) -> UInt32 {
        if let index = use.index { return index }
        if let index = typesBySignature[use.signature] { return index }
        let index = UInt32(signatures.count)
        typesBySignature[use.signature] = index
        signatures.append(use.signature)
        add(to: 1) { use.signature.write(to: &$0) }
        return index
    }

    // MARK: - Type definitions, §6.4.6 to §6.4.9

    /// A `type` field or a `rec` field.
    mutating func recursionGroup() throws(TextError) {
        let isGroup = reader.tryOpen("rec")
        var members: [(bytes: [UInt8], isPlain: Bool)] = []
        let first = signatures.count
        while reader.tryOpen("type") {
            members.append(try subType())
            if !isGroup { break }
        }
        if isGroup { try reader.close() }
        if members.count == 1, members[0].isPlain, let signature = signatures[first],
            typesBySignature[signature] == nil
        {
            typesBySignature[signature] = UInt32(first)
        }
        add(to: 1) { writer in
            if members.count != 1 {
                writer.byte(0x4E)
                writer.count(members.count)
            }
            for member in members { writer.append(member.bytes) }
        }
    }

    /// What follows `(type`: a name, and a type that may be a declared subtype.
    private mutating func subType() throws(TextError) -> (bytes: [UInt8], isPlain: Bool) {
        _ = try reader.identifier()
        var writer = BinaryWriter()
        var isPlain = true
        if reader.tryOpen("sub") {
            let isFinal = reader.tryKeyword("final")
            var supertypes: [UInt32] = []
            while isAtIndex { supertypes.append(try index(types)) }
            isPlain = isFinal && supertypes.isEmpty
            if !isPlain {
                writer.byte(isFinal ? 0x4F : 0x50)
                writer.count(supertypes.count)
                for supertype in supertypes { writer.u32(supertype) }
            }
            try compositeType(&writer)
            try reader.close()
        } else {
            try compositeType(&writer)
        }
        try reader.close()
        return (writer.bytes, isPlain)
    }

    private mutating func compositeType(_ writer: inout BinaryWriter) throws(TextError) {
        if reader.tryOpen("func") {
            var names: [[UInt8]?] = []
            let signature = try signature(names: &names, allowsNames: true)
            signature.write(to: &writer)
            signatures.append(signature)
        } else if reader.tryOpen("struct") {
            try structure(&writer)
            signatures.append(nil)
        } else if reader.tryOpen("array") {
            writer.byte(0x5E)
            try fieldType(&writer)
            signatures.append(nil)
        } else {
            throw reader.unexpected("a function, structure or array type")
        }
        try reader.close()
    }

    private mutating func structure(_ writer: inout BinaryWriter) throws(TextError) {
        let index = UInt32(signatures.count)
        var fields = BinaryWriter()
        var count = 0
        while reader.tryOpen("field") {
            let position = reader.position
            if let name = try reader.identifier() {
                guard
                    fieldNames[index, default: [:]].updateValue(UInt32(count), forKey: name) == nil
                else {
                    reader.position = position
                    throw reader.error("duplicate field \(reader.text)")
                }
                try fieldType(&fields)
                count += 1
            } else {
                while reader.kind != .rightParenthesis {
                    try fieldType(&fields)
                    count += 1
                }
            }
            try reader.close()
        }
        writer.byte(0x5F)
        writer.count(count)
        writer.append(fields.bytes)
    }

    private mutating func fieldType(_ writer: inout BinaryWriter) throws(TextError) {
        let isMutable = reader.tryOpen("mut")
        if reader.tryKeyword("i8") {
            writer.byte(0x78)
        } else if reader.tryKeyword("i16") {
            writer.byte(0x77)
        } else {
            try valueType().write(to: &writer)
        }
        if isMutable { try reader.close() }
        writer.byte(isMutable ? 1 : 0)
    }

    // MARK: - Types of tables, memories and globals

    /// Reads an address type if one comes next: whether addresses have 64 bits.
    mutating func addressType() -> Bool {
        if reader.tryKeyword("i64") { return true }
        _ = reader.tryKeyword("i32")
        return false
    }

    mutating func sizeLimits(is64: Bool, _ writer: inout BinaryWriter) throws(TextError) {
        let minimum = try reader.u64()
        let maximum = reader.isNumber ? try reader.u64() : nil
        writeLimits(minimum, maximum, is64: is64, &writer)
    }

    func writeLimits(
        _ minimum: UInt64,
        _ maximum: UInt64?,
        is64: Bool,
        _ writer: inout BinaryWriter
    ) {
        writer.byte((maximum == nil ? 0 : 1) | (is64 ? 4 : 0))
        writer.unsigned(minimum)
        if let maximum { writer.unsigned(maximum) }
    }

    mutating func memoryType(_ writer: inout BinaryWriter) throws(TextError) {
        try sizeLimits(is64: addressType(), &writer)
    }

    mutating func tableType(_ writer: inout BinaryWriter) throws(TextError) {
        let is64 = addressType()
        var limits = BinaryWriter()
        try sizeLimits(is64: is64, &limits)
        try referenceType().write(to: &writer)
        writer.append(limits.bytes)
    }

    mutating func globalType(_ writer: inout BinaryWriter) throws(TextError) {
        let isMutable = reader.tryOpen("mut")
        try valueType().write(to: &writer)
        if isMutable { try reader.close() }
        writer.byte(isMutable ? 1 : 0)
    }
}
