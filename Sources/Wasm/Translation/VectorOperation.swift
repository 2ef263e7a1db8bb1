/// How the translator handles a vector instruction.
enum VectorOperation {
    /// From an address to a vector.
    case load(Opcode)
    /// An address and a vector.
    case store(Opcode)
    /// An address and a vector, one of whose lanes is replaced.
    case loadLane(Opcode)
    /// An address and a vector, one of whose lanes is stored.
    case storeLane(Opcode)
    case constant
    case shuffle
    /// From a vector to a scalar.
    case extractLane(Opcode)
    /// A vector and a scalar, which becomes one of its lanes.
    case replaceLane(Opcode)
    /// From a vector to an i32.
    case test(Opcode)
    /// From one operand to a vector.
    case unary(Opcode)
    /// From two operands to a vector.
    case binary(Opcode)
    /// From three operands to a vector.
    case ternary(Opcode)
}
