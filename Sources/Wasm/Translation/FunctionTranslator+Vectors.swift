// Vector instructions. Core specification §4.4.4

extension FunctionTranslator {
    /// The instructions after the prefix 0xFD.
    mutating func vector(at offset: Int) throws(ModuleError) {
        let number = Int(try reader.u32())
        guard number < VectorOperation.table.count, let operation = VectorOperation.table[number]
        else { throw unexpected(0xFD, at: offset) }
        switch operation {
        case .load(let opcode): try loadVector(opcode, at: offset)
        case .store(let opcode): try storeVector(opcode, at: offset)
        case .loadLane(let opcode): try loadLane(opcode, at: offset)
        case .storeLane(let opcode): try storeLane(opcode, at: offset)
        case .constant:
            let (low, high) = (try reader.fixed64(), try reader.fixed64())
            count(at: offset)
            emit(.v128Const, pushResult(isVector: true))
            cells.append(low)
            cells.append(high)
        case .shuffle: try shuffle(at: offset)
        case .extractLane(let opcode):
            let lane = UInt16(try reader.byte())
            count(at: offset)
            let vector = popSlot()
            emit(opcode, pushResult(), vector, lane)
        case .replaceLane(let opcode):
            let lane = try reader.byte()
            count(at: offset)
            let (vector, scalar) = popTwoSlots()
            emit(opcode, pushResult(isVector: true), vector, scalar)
            cells.append(UInt64(lane))
        case .test(let opcode):
            count(at: offset)
            let vector = popSlot()
            emit(opcode, pushResult(), vector)
        case .unary(let opcode):
            count(at: offset)
            let operand = popSlot()
            emit(opcode, pushResult(isVector: true), operand)
        case .binary(let opcode):
            count(at: offset)
            let (left, right) = popTwoSlots()
            emit(opcode, pushResult(isVector: true), left, right)
        case .ternary(let opcode):
            count(at: offset)
            let third = popSlot()
            let (first, second) = popTwoSlots()
            emit(opcode, pushResult(isVector: true), first, second)
            cells.append(UInt64(third))
        }
    }

    // MARK: - Memory

    private mutating func loadVector(_ opcode: Opcode, at offset: Int) throws(ModuleError) {
        let argument = try reader.memoryArgument()
        count(at: offset)
        let (address, rest) = beginAccess(argument, pop())
        emit(opcode, pushResult(isVector: true), address, rest)
        endAccess(argument)
    }

    private mutating func storeVector(_ opcode: Opcode, at offset: Int) throws(ModuleError) {
        let argument = try reader.memoryArgument()
        count(at: offset)
        let value = popSlot()
        let (address, rest) = beginAccess(argument, pop())
        emit(opcode, address, value, rest)
        endAccess(argument)
        producer = nil
    }

    private mutating func loadLane(_ opcode: Opcode, at offset: Int) throws(ModuleError) {
        let argument = try reader.memoryArgument()
        let lane = UInt64(try reader.byte())
        count(at: offset)
        let vector = popSlot()
        let (address, rest) = beginAccess(argument, pop())
        emit(opcode, pushResult(isVector: true), address, rest)
        cells.append(UInt64(vector) | lane << 16)
        endAccess(argument)
    }

    private mutating func storeLane(_ opcode: Opcode, at offset: Int) throws(ModuleError) {
        let argument = try reader.memoryArgument()
        let lane = UInt64(try reader.byte())
        count(at: offset)
        let vector = popSlot()
        let (address, rest) = beginAccess(argument, pop())
        emit(opcode, address, vector, rest)
        cells.append(lane)
        endAccess(argument)
        producer = nil
    }

    // MARK: - Shuffles

    private mutating func shuffle(at offset: Int) throws(ModuleError) {
        let (low, high) = (try reader.fixed64(), try reader.fixed64())
        count(at: offset)
        let (left, right) = popTwoSlots()
        let result = pushResult(isVector: true)
        if let words = Self.words(low), let upper = Self.words(high) {
            emit(.i32x4Shuffle, result, left, right)
            cells.append(words | upper << 32)
        } else {
            emit(.i8x16Shuffle, result, left, right)
            cells.append(low)
            cells.append(high)
        }
    }

    /// The numbers of two 32-bit lanes, 16 bits each, when that is what 8 numbers of bytes name.
    private static func words(_ bytes: UInt64) -> UInt64? {
        let first = bytes & 0xFF
        let second = bytes >> 32 & 0xFF
        let consecutive =
            0x0302_0100 + first * 0x0101_0101 | (0x0302_0100 + second * 0x0101_0101) << 32
        guard first % 4 == 0, second % 4 == 0, bytes == consecutive else { return nil }
        return first / 4 | (second / 4) << 16
    }
}
