// Vector instructions. Core specification §3.4.5

extension FunctionValidator {
    /// The instructions after the prefix 0xFD.
    mutating func validateVector() throws(ModuleError) {
        let number = try reader.u32()
        guard let code = VectorSignatures.code(number) else {
            throw UnsupportedFeature.illegal(0xFD, number, at: start)
        }
        switch code {
        case .load(let alignment):
            try pop(try memoryAddress(alignment: alignment))
            try push(.v128)
        case .store:
            let address = try memoryAddress(alignment: 4)
            try pop(.v128)
            try pop(address)
        case .loadLane(let alignment), .storeLane(let alignment):
            let address = try memoryAddress(alignment: alignment)
            try requireLane(below: 16 >> alignment)
            try pop(.v128)
            try pop(address)
            if case .loadLane = code { try push(.v128) }
        case .constant:
            _ = try reader.skip(16)
            try push(.v128)
        case .shuffle:
            for _ in 0..<16 { try requireLane(below: 32) }
            try pop(.v128)
            try pop(.v128)
            try push(.v128)
        case .extractLane(let type, let count):
            try requireLane(below: count)
            try pop(.v128)
            try push(type)
        case .replaceLane(let type, let count):
            try requireLane(below: count)
            try pop(type)
            try pop(.v128)
            try push(.v128)
        case .operation(let operands, let result):
            for operand in operands.reversed() { try pop(operand) }
            try push(result)
        }
    }

    private mutating func requireLane(below count: UInt8) throws(ModuleError) {
        let lane = try reader.byte()
        guard lane < count else {
            throw ModuleError(
                .invalid,
                "invalid lane index: \(lane) in \(instructionName), which has \(count) lanes",
                at: start
            )
        }
    }
}

/// What the vector instructions take and give, by the number after the prefix 0xFD.
enum VectorSignatures {
    enum Code {
        case load(alignment: UInt8)
        case store
        case loadLane(alignment: UInt8)
        case storeLane(alignment: UInt8)
        case constant
        case shuffle
        case extractLane(OperandType, UInt8)
        case replaceLane(OperandType, UInt8)
        case operation([OperandType], OperandType)
    }

    /// The form of an instruction; nil for a number that means nothing.
    static func code(_ number: UInt32) -> Code? {
        guard let index = Int(exactly: number), index < table.count else { return nil }
        return table[index]
    }

    private static let table: [Code?] = (0..<276).map { number in
        InstructionNames.name(prefix: 0xFD, UInt32(number)).map { form(number, $0) }
    }

    private static let unary = Code.operation([.v128], .v128)
    private static let binary = Code.operation([.v128, .v128], .v128)
    private static let ternary = Code.operation([.v128, .v128, .v128], .v128)
    private static let shift = Code.operation([.v128, .i32], .v128)
    private static let test = Code.operation([.v128], .i32)

    /// The logarithms of the bytes that the loads 0 to 10 access.
    private static let loads: [UInt8] = [4, 3, 3, 3, 3, 3, 3, 0, 1, 2, 3]

    private static func form(_ number: Int, _ name: String) -> Code {
        switch number {
        case 0...10: .load(alignment: loads[number])
        case 11: .store
        case 12: .constant
        case 13: .shuffle
        case 15...20: .operation([lane(name).type], .v128)
        case 21, 22, 24, 25, 27, 29, 31, 33: .extractLane(lane(name).type, lane(name).count)
        case 23, 26, 28, 30, 32, 34: .replaceLane(lane(name).type, lane(name).count)
        case 82: ternary
        case 84...87: .loadLane(alignment: UInt8(number - 84))
        case 88...91: .storeLane(alignment: UInt8(number - 88))
        case 92: .load(alignment: 2)
        case 93: .load(alignment: 3)
        case 261...268, 275: ternary
        default: formByName(name)
        }
    }

    /// The type and the number of the lanes that a name such as `i8x16.splat` begins with.
    private static func lane(_ name: String) -> (type: OperandType, count: UInt8) {
        switch name.prefix(while: { $0 != "." }) {
        case "i8x16": (.i32, 16)
        case "i16x8": (.i32, 8)
        case "i32x4": (.i32, 4)
        case "i64x2": (.i64, 2)
        case "f32x4": (.f32, 4)
        default: (.f64, 2)
        }
    }

    /// The operations, whose names say what they take.
    private static func formByName(_ name: String) -> Code {
        let operation = name.drop(while: { $0 != "." }).dropFirst()
        if ["shl", "shr_s", "shr_u"].contains(operation) { return shift }
        if ["any_true", "all_true", "bitmask"].contains(operation) { return test }
        let unaryNames: Set<Substring> = [
            "not", "abs", "neg", "popcnt", "sqrt", "ceil", "floor", "trunc", "nearest",
            "demote_f64x2_zero", "promote_low_f32x4",
        ]
        let unaryPrefixes = [
            "extend_", "extadd_", "convert_", "trunc_sat_", "relaxed_trunc_",
        ]
        let isUnary =
            unaryNames.contains(operation)
            || unaryPrefixes.contains { operation.hasPrefix($0) }
        return isUnary ? unary : binary
    }
}
