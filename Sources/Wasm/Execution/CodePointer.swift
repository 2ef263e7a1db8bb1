/// A position in translated code: the interpreter's program counter.
///
/// An instruction is one or more cells of 8 bytes. A cell has four 16-bit fields: the opcode, a, b
/// and c; a second cell has a fourth operand or a 32-bit or 64-bit one.
@safe
struct CodePointer {
    // SAFETY: points into the code of a function that the running module owns; the translator ends
    // every path with an instruction that does not fall through.
    let base: UnsafePointer<UInt16>

    init(_ base: UnsafePointer<UInt16>) { unsafe self.base = base }

    init?(address: UInt) {
        guard let base = unsafe UnsafePointer<UInt16>(bitPattern: address) else { return nil }
        unsafe self.base = base
    }

    /// 16-bit fields of a cell.
    static let fieldsPerCell = 4

    var address: UInt { UInt(bitPattern: unsafe base) }

    @inline(__always)
    var opcode: Opcode { unsafe UnsafeRawPointer(base).load(as: Opcode.self) }

    // MARK: The first cell

    @inline(__always)
    var a: UInt16 { unsafe base[1] }

    @inline(__always)
    var b: UInt16 { unsafe base[2] }

    @inline(__always)
    var c: UInt16 { unsafe base[3] }

    @inline(__always)
    var bImmediate32: UInt32 { UInt32(bitPattern: bSignedImmediate32) }

    @inline(__always)
    var cImmediate32: UInt32 { UInt32(bitPattern: cSignedImmediate32) }

    @inline(__always)
    var bImmediate64: UInt64 { UInt64(bitPattern: bSignedImmediate64) }

    @inline(__always)
    var cImmediate64: UInt64 { UInt64(bitPattern: cSignedImmediate64) }

    @inline(__always)
    var bSignedImmediate32: Int32 { Int32(Int16(bitPattern: b)) }

    @inline(__always)
    var cSignedImmediate32: Int32 { Int32(Int16(bitPattern: c)) }

    @inline(__always)
    var bSignedImmediate64: Int64 { Int64(Int16(bitPattern: b)) }

    @inline(__always)
    var cSignedImmediate64: Int64 { Int64(Int16(bitPattern: c)) }

    /// The 32 bits of b and c.
    @inline(__always)
    var immediate32: UInt32 {
        unsafe UnsafeRawPointer(base).load(fromByteOffset: 4, as: UInt32.self)
    }

    @inline(__always)
    var signedImmediate32: Int32 { Int32(bitPattern: immediate32) }

    // MARK: The second cell

    @inline(__always)
    var immediate64: UInt64 {
        unsafe UnsafeRawPointer(base).load(fromByteOffset: 8, as: UInt64.self)
    }

    /// The first field of the second cell.
    @inline(__always)
    var secondA: UInt16 { unsafe base[4] }

    /// The second field of the second cell.
    @inline(__always)
    var secondB: UInt16 { unsafe base[5] }

    /// The third field of the second cell: what a branch pays when taken.
    @inline(__always)
    var secondC: UInt16 { unsafe base[6] }

    /// The first 32 bits of the second cell.
    @inline(__always)
    var secondCount: UInt32 {
        unsafe UnsafeRawPointer(base).load(fromByteOffset: 8, as: UInt32.self)
    }

    /// The last 32 bits of the second cell.
    @inline(__always)
    var secondIndex: UInt32 {
        unsafe UnsafeRawPointer(base).load(fromByteOffset: 12, as: UInt32.self)
    }

    /// The third cell.
    var thirdCell: UInt64 {
        unsafe UnsafeRawPointer(base).load(fromByteOffset: 16, as: UInt64.self)
    }

    /// The first field of the third cell.
    @inline(__always)
    var thirdA: UInt16 { unsafe base[8] }

    /// The jump of a conditional branch, in cells.
    @inline(__always)
    var secondTarget: Int32 { Int32(bitPattern: secondCount) }

    /// The code that a call's second cell points to.
    @inline(__always)
    var callee: FunctionCode {
        let pointer = unsafe UnsafeRawPointer(base).load(
            fromByteOffset: 8,
            as: UnsafeMutablePointer<FunctionCode.Fields>.self
        )
        return unsafe FunctionCode(pointer)
    }

    /// An entry of a `branchTable`: its jump, in cells from the instruction, and its cost.
    @inline(__always)
    func tableEntry(_ index: UInt32) -> (target: Int32, cost: UInt16) {
        let entry = unsafe UnsafeRawPointer(base) + (2 + Int(index)) * 8
        return unsafe (
            entry.load(as: Int32.self), entry.load(fromByteOffset: 4, as: UInt16.self)
        )
    }

    /// The second and third cells.
    @inline(__always)
    var secondVector: SIMD2<UInt64> {
        unsafe UnsafeRawPointer(base).loadUnaligned(fromByteOffset: 8, as: SIMD2<UInt64>.self)
    }

    /// One of the bytes of the second and third cells.
    @inline(__always)
    func secondByte(_ index: Int) -> Int {
        Int(unsafe UnsafeRawPointer(base).load(fromByteOffset: 8 + index, as: UInt8.self))
    }

    /// One of the fields of the second cell.
    @inline(__always)
    func secondField(_ index: Int) -> Int { Int(unsafe base[4 + index]) }

    // MARK: Moving

    @inline(__always)
    mutating func advance(_ cells: Int) { unsafe self = CodePointer(base + cells * 4) }

    @inline(__always)
    func advanced(_ cells: Int) -> CodePointer { unsafe CodePointer(base + cells * 4) }

    @inline(__always)
    mutating func jump(_ cells: Int32) { unsafe self = CodePointer(base + Int(cells) * 4) }
}

extension CodePointer: Equatable {
    @inline(__always)
    static func == (left: CodePointer, right: CodePointer) -> Bool {
        unsafe left.base == right.base
    }
}
