/// Validates constant expressions. Core specification §3.4.10 "Constant Expressions"
struct ConstantExpressionValidator {
    private let context: ValidationContext

    /// How many globals the expression may use: those before it in the module.
    var globalCount = 0

    private var operands: [OperandType] = []

    init(_ context: ValidationContext) { self.context = context }

    /// Checks that an expression is constant and leaves one value of a type.
    mutating func validate(
        _ expression: ConstantExpression,
        type: OperandType
    ) throws(ModuleError) {
        operands.removeAll(keepingCapacity: true)
        for instruction in expression.instructions {
            try validate(instruction, at: expression.offset)
        }
        guard operands.count == 1, context.types.matches(operands[0], type) else {
            let found = operands.map(\.description).joined(separator: " ")
            throw ModuleError(
                .invalid,
                "type mismatch: a constant expression should leave [\(type)], found [\(found)]",
                at: expression.offset
            )
        }
    }

    private mutating func validate(
        _ instruction: ConstantInstruction,
        at offset: Int
    ) throws(ModuleError) {
        switch instruction {
        case .i32Const: operands.append(.i32)
        case .i64Const: operands.append(.i64)
        case .f32Const: operands.append(.f32)
        case .f64Const: operands.append(.f64)
        case .v128Const: operands.append(.v128)
        case .refNull(let heapType):
            let type = ReferenceType(heapType: heapType, isNullable: true)
            guard context.types.isInRange(.reference(type)) else {
                throw ModuleError(.invalid, "unknown type in \(type)", at: offset)
            }
            operands.append(context.types.operand(type))
        case .refFunc(let index):
            guard Int(index) < context.functions.count,
                Int(context.functions[Int(index)]) < context.types.types.count
            else {
                throw ModuleError(.invalid, "unknown function \(index)", at: offset)
            }
            operands.append(context.reference(toFunction: index))
        case .globalGet(let index): try validateGlobal(index, at: offset)
        case .i32Add, .i32Sub, .i32Mul: try validateArithmetic(.i32, at: offset)
        case .i64Add, .i64Sub, .i64Mul: try validateArithmetic(.i64, at: offset)
        case .refI31:
            try pop(.i32, at: offset)
            operands.append(OperandType(.i31, isNullable: false))
        case .structNew, .structNewDefault: try validateStructure(instruction, at: offset)
        case .arrayNew, .arrayNewDefault, .arrayNewFixed:
            try validateArray(instruction, at: offset)
        case .anyConvertExtern: try validateConversion(from: .external, to: .any, at: offset)
        case .externConvertAny: try validateConversion(from: .any, to: .external, at: offset)
        case .other(let name):
            throw ModuleError(
                .invalid,
                "constant expression required: \(name) is not a constant instruction",
                at: offset
            )
        }
    }

    private mutating func pop(_ expected: OperandType, at offset: Int) throws(ModuleError) {
        let found = operands.popLast()
        guard let found, context.types.matches(found, expected) else {
            throw ModuleError(
                .invalid,
                "type mismatch: a constant instruction expects \(expected), found "
                    + (found?.description ?? "an empty stack"),
                at: offset
            )
        }
    }

    // MARK: - Aggregates

    private mutating func validateStructure(
        _ instruction: ConstantInstruction,
        at offset: Int
    ) throws(ModuleError) {
        let index: UInt32
        let isDefault: Bool
        switch instruction {
        case .structNew(let type): (index, isDefault) = (type, false)
        case .structNewDefault(let type): (index, isDefault) = (type, true)
        default: return
        }
        guard let fields = context.types.fields(ofStructure: index) else {
            throw ModuleError(.invalid, "unknown type: no structure type \(index)", at: offset)
        }
        for field in fields.reversed() {
            let type = context.types.operand(field.storage)
            if isDefault {
                try requireDefault(type, at: offset)
            } else {
                try pop(type, at: offset)
            }
        }
        pushReference(index)
    }

    private mutating func validateArray(
        _ instruction: ConstantInstruction,
        at offset: Int
    ) throws(ModuleError) {
        func element(_ index: UInt32) throws(ModuleError) -> OperandType {
            guard let field = context.types.element(ofArray: index) else {
                throw ModuleError(.invalid, "unknown type: no array type \(index)", at: offset)
            }
            return context.types.operand(field.storage)
        }
        switch instruction {
        case .arrayNew(let index):
            let type = try element(index)
            try pop(.i32, at: offset)
            try pop(type, at: offset)
            pushReference(index)
        case .arrayNewDefault(let index):
            try requireDefault(try element(index), at: offset)
            try pop(.i32, at: offset)
            pushReference(index)
        case .arrayNewFixed(let index, let count):
            let type = try element(index)
            for _ in 0..<count { try pop(type, at: offset) }
            pushReference(index)
        default:
            return
        }
    }

    private func requireDefault(_ type: OperandType, at offset: Int) throws(ModuleError) {
        guard type.isDefaultable else {
            throw ModuleError(
                .invalid,
                "type mismatch: \(type) has no default value",
                at: offset
            )
        }
    }

    private mutating func pushReference(_ index: UInt32) {
        let type = context.types.heapCode(.index(index))
        operands.append(OperandType(type, isNullable: false))
    }

    private mutating func validateConversion(
        from source: HeapCode,
        to target: HeapCode,
        at offset: Int
    ) throws(ModuleError) {
        let isNullable = operands.last?.isNullable ?? true
        try pop(OperandType(source, isNullable: true), at: offset)
        operands.append(OperandType(target, isNullable: isNullable))
    }

    // MARK: - Numbers

    private mutating func validateGlobal(
        _ index: UInt32,
        at offset: Int
    ) throws(ModuleError) {
        guard Int(index) < globalCount else {
            throw ModuleError(
                .invalid,
                "unknown global \(index): a constant expression can use only globals before it",
                at: offset
            )
        }
        let global = context.globals[Int(index)]
        guard !global.isMutable else {
            throw ModuleError(
                .invalid,
                "constant expression required: global \(index) is mutable",
                at: offset
            )
        }
        operands.append(global.type)
    }

    private mutating func validateArithmetic(
        _ type: OperandType,
        at offset: Int
    ) throws(ModuleError) {
        guard operands.suffix(2) == [type, type] else {
            let found = operands.suffix(2).map(\.description).joined(separator: " ")
            throw ModuleError(
                .invalid,
                "type mismatch: \(type) arithmetic expects [\(type) \(type)], found [\(found)]",
                at: offset
            )
        }
        operands.removeLast()
    }
}
