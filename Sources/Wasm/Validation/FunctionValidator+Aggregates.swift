// Structures, arrays, casts and small integers. Core specification §3.4.8

extension FunctionValidator {
    /// The instructions after the prefix 0xFB.
    mutating func validateAggregate() throws(ModuleError) {
        let number = try reader.u32()
        switch number {
        case 0...5: try validateStructure(number)
        case 6...19: try validateArray(number)
        case 20...23: try validateCast(number)
        case 24, 25: try validateBranchOnCast(isFail: number == 25)
        case 26: try validateConversion(from: .external, to: .any)
        case 27: try validateConversion(from: .any, to: .external)
        case 28:
            try pop(.i32)
            try push(OperandType(.i31, isNullable: false))
        case 29, 30:
            try pop(OperandType(.i31, isNullable: true))
            try push(.i32)
        default: throw UnsupportedFeature.illegal(0xFB, number, at: start)
        }
    }

    private func reference(_ index: UInt32, isNullable: Bool) -> OperandType {
        OperandType(context.types.heapCode(.index(index)), isNullable: isNullable)
    }

    private func requireDefault(_ type: OperandType) throws(ModuleError) {
        guard type.isDefaultable else { throw mismatch("needs a default value of \(type)") }
    }

    /// Refuses to read packed fields without saying how to extend them, and others saying so.
    private func requirePacking(_ storage: StorageType, isSigned: Bool) throws(ModuleError) {
        var isPacked = true
        if case .value = storage { isPacked = false }
        guard isPacked == isSigned else {
            throw mismatch(isPacked ? "reads a packed field" : "reads a field that is not packed")
        }
    }

    private func requireMutable(_ field: FieldType, _ kind: String) throws(ModuleError) {
        guard field.isMutable else {
            throw ModuleError(
                .invalid,
                "immutable \(kind): \(instructionName) needs a mutable one",
                at: start
            )
        }
    }

    // MARK: - Structures

    private mutating func validateStructure(_ number: UInt32) throws(ModuleError) {
        let index = try reader.u32()
        guard let fields = context.types.fields(ofStructure: index) else {
            throw unknown("structure type", index)
        }
        switch number {
        case 0:
            for field in fields.reversed() { try pop(context.types.operand(field.storage)) }
            try push(reference(index, isNullable: false))
            return
        case 1:
            for field in fields { try requireDefault(context.types.operand(field.storage)) }
            try push(reference(index, isNullable: false))
            return
        default:
            break
        }
        let fieldIndex = try reader.u32()
        guard Int(fieldIndex) < fields.count else { throw unknown("field", fieldIndex) }
        let field = fields[Int(fieldIndex)]
        let type = context.types.operand(field.storage)
        if number == 5 {
            try requireMutable(field, "field")
            try pop(type)
            try pop(reference(index, isNullable: true))
        } else {
            try requirePacking(field.storage, isSigned: number != 2)
            try pop(reference(index, isNullable: true))
            try push(type)
        }
    }

    // MARK: - Arrays

    private mutating func validateArray(_ number: UInt32) throws(ModuleError) {
        if number == 15 {
            try pop(OperandType(.array, isNullable: true))
            try push(.i32)
            return
        }
        let index = try reader.u32()
        let element = try arrayElement(index)
        let type = context.types.operand(element.storage)
        let array = reference(index, isNullable: true)
        switch number {
        case 6...10: try validateArrayCreation(number, index, element)
        case 11...13:
            try requirePacking(element.storage, isSigned: number != 11)
            try pop(.i32)
            try pop(array)
            try push(type)
        case 14:
            try requireMutable(element, "array")
            try pop(type)
            try pop(.i32)
            try pop(array)
        case 16:
            try requireMutable(element, "array")
            try pop(.i32)
            try pop(type)
            try pop(.i32)
            try pop(array)
        case 17: try validateArrayCopy(array, element)
        default: try validateArrayInit(number, array, element)
        }
    }

    private func arrayElement(_ index: UInt32) throws(ModuleError) -> FieldType {
        guard let element = context.types.element(ofArray: index) else {
            throw unknown("array type", index)
        }
        return element
    }

    private mutating func validateArrayCreation(
        _ number: UInt32,
        _ index: UInt32,
        _ element: FieldType
    ) throws(ModuleError) {
        let type = context.types.operand(element.storage)
        switch number {
        case 6:
            try pop(.i32)
            try pop(type)
        case 7:
            try requireDefault(type)
            try pop(.i32)
        case 8:
            let count = try reader.u32()
            guard Int(count) <= context.limits.operandsMax else { throw tooManyOperands() }
            for _ in 0..<count { try pop(type) }
        default:
            let segment = try reader.u32()
            try requireSegment(segment, for: element, isData: number == 9)
            try pop(.i32)
            try pop(.i32)
        }
        try push(reference(index, isNullable: false))
    }

    private mutating func validateArrayCopy(
        _ array: OperandType,
        _ element: FieldType
    ) throws(ModuleError) {
        let sourceIndex = try reader.u32()
        let source = try arrayElement(sourceIndex)
        try requireMutable(element, "array")
        guard matches(source.storage, element.storage) else {
            throw ModuleError(
                .invalid,
                "array types do not match, in \(instructionName)",
                at: start
            )
        }
        try pop(.i32)
        try pop(.i32)
        try pop(reference(sourceIndex, isNullable: true))
        try pop(.i32)
        try pop(array)
    }

    private func matches(_ storage: StorageType, _ other: StorageType) -> Bool {
        guard case .value(let type) = storage, case .value(let target) = other else {
            return storage == other
        }
        return isSubtype(context.types.operand(type), of: context.types.operand(target))
    }

    private mutating func validateArrayInit(
        _ number: UInt32,
        _ array: OperandType,
        _ element: FieldType
    ) throws(ModuleError) {
        let segment = try reader.u32()
        try requireMutable(element, "array")
        try requireSegment(segment, for: element, isData: number == 18)
        try pop(.i32)
        try pop(.i32)
        try pop(.i32)
        try pop(array)
    }

    /// Checks that a segment exists and holds what an array's elements can be made of.
    private func requireSegment(
        _ index: UInt32,
        for element: FieldType,
        isData: Bool
    ) throws(ModuleError) {
        let type = context.types.operand(element.storage)
        if isData {
            try requireDataSegment(index)
            guard !type.isReference else {
                throw ModuleError(
                    .invalid,
                    "array type is not numeric or vector, in \(instructionName)",
                    at: start
                )
            }
        } else {
            let elements = try elementType(index)
            guard isSubtype(elements, of: type) else {
                throw mismatch("expects a segment of \(type), found one of \(elements)")
            }
        }
    }

    // MARK: - Casts

    private mutating func validateCast(_ number: UInt32) throws(ModuleError) {
        let target = OperandType(try heapCode(), isNullable: number & 1 != 0)
        let top = context.types.hierarchy(target.heapType)
        try pop(OperandType(top, isNullable: true))
        try push(number < 22 ? .i32 : target)
    }

    private mutating func validateBranchOnCast(isFail: Bool) throws(ModuleError) {
        let types = try reader.castTypes()
        let label = controls[try frameIndex(ofLabel: types.label)].labelTypes
        let source = OperandType(
            try checked(types.source.heapType),
            isNullable: types.source.isNullable
        )
        let target = OperandType(
            try checked(types.target.heapType),
            isNullable: types.target.isNullable
        )
        guard isSubtype(target, of: source) else {
            throw mismatch("casts \(source) to \(target), which is not a subtype")
        }
        let difference = target.isNullable ? source.withoutNull : source
        let (branching, remaining) = isFail ? (difference, target) : (target, difference)
        guard label.count > 0 else { throw mismatch("has a label that takes no reference") }
        let last = context.typePool[label.start + label.count - 1]
        guard isSubtype(branching, of: last) else {
            throw mismatch("has a label that takes \(last), found \(branching)")
        }
        try pop(source)
        let others = TypeList(start: label.start, count: label.count - 1)
        try pop(others)
        try push(others)
        try push(remaining)
    }

    private mutating func validateConversion(
        from source: HeapCode,
        to target: HeapCode
    ) throws(ModuleError) {
        let found = try popReference()
        guard isSubtype(found, of: OperandType(source, isNullable: true)) else {
            throw mismatch(OperandType(source, isNullable: true), found: found)
        }
        try push(OperandType(target, isNullable: found.isNullable))
    }
}
