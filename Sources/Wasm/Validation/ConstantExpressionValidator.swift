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
        guard operands.count == 1, operands[0] == type else {
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
        case .refNull(let heapType):
            operands.append(OperandType(ReferenceType(heapType: heapType, isNullable: true)))
        case .refFunc(let index):
            guard Int(index) < context.functions.count else {
                throw ModuleError(.invalid, "unknown function \(index)", at: offset)
            }
            operands.append(.functionReference)
        case .globalGet(let index): try validateGlobal(index, at: offset)
        case .i32Add, .i32Sub, .i32Mul: try validateArithmetic(.i32, at: offset)
        case .i64Add, .i64Sub, .i64Mul: try validateArithmetic(.i64, at: offset)
        case .other(let name):
            throw ModuleError(
                .invalid,
                "constant expression required: \(name) is not a constant instruction",
                at: offset
            )
        }
    }

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
