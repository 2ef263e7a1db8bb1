/// Evaluates constant expressions of an instance that is being made. Core specification §4.5.5
///
/// Values are slots, of which a vector has two. Objects are made without collecting: what exists
/// while a module is instantiated is nearly all in use.
struct ConstantEvaluator {
    private let instance: Instance
    private var stack: [UInt64] = []

    /// The heap had no room for an object.
    struct HeapExhausted: Error {}

    init(_ instance: Instance) { self.instance = instance }

    /// The slots of an expression's value.
    mutating func evaluate(
        _ expression: ConstantExpression
    ) throws(HeapExhausted) -> (UInt64, UInt64) {
        stack.removeAll(keepingCapacity: true)
        for instruction in expression.instructions { try execute(instruction) }
        return stack.count > 1 ? (stack[0], stack[1]) : (stack.first ?? 0, 0)
    }

    private mutating func pop() -> UInt64 { stack.popLast() ?? 0 }

    private mutating func execute(_ instruction: ConstantInstruction) throws(HeapExhausted) {
        switch instruction {
        case .i32Const(let value): stack.append(UInt64(UInt32(bitPattern: value)))
        case .i64Const(let value): stack.append(UInt64(bitPattern: value))
        case .f32Const(let bits): stack.append(UInt64(bits))
        case .f64Const(let bits): stack.append(bits)
        case .v128Const(let low, let high): stack += [low, high]
        case .globalGet(let index): pushGlobal(Int(index))
        case .refNull: stack.append(0)
        case .refFunc(let function): stack.append(instance.record(of: Int(function)).address)
        case .i32Add: binary { UInt64(UInt32(truncatingIfNeeded: $0 &+ $1)) }
        case .i32Sub: binary { UInt64(UInt32(truncatingIfNeeded: $0 &- $1)) }
        case .i32Mul: binary { UInt64(UInt32(truncatingIfNeeded: $0 &* $1)) }
        case .i64Add: binary { $0 &+ $1 }
        case .i64Sub: binary { $0 &- $1 }
        case .i64Mul: binary { $0 &* $1 }
        case .refI31: stack.append((pop() << 32) & 0x7FFF_FFFF_0000_0000 | 1)
        case .structNew(let type): try makeStructure(type, isDefault: false)
        case .structNewDefault(let type): try makeStructure(type, isDefault: true)
        case .arrayNew(let type):
            let count = UInt32(truncatingIfNeeded: pop())
            let value = popValue(slots: elementSlots(type))
            try makeArray(type, count) { _ in value }
        case .arrayNewDefault(let type):
            try makeArray(type, UInt32(truncatingIfNeeded: pop())) { _ in (0, 0) }
        case .arrayNewFixed(let type, let count):
            let slots = elementSlots(type)
            let first = stack.count - Int(count) * slots
            let values = Array(stack[max(first, 0)...])
            stack.removeLast(values.count)
            try makeArray(type, count) { index in
                let place = index * slots
                return (values[place], slots == 2 ? values[place + 1] : 0)
            }
        case .anyConvertExtern, .externConvertAny, .other:
            return
        }
    }

    private mutating func binary(_ operation: (UInt64, UInt64) -> UInt64) {
        let right = pop()
        let left = pop()
        stack.append(operation(left, right))
    }

    private mutating func pushGlobal(_ index: Int) {
        if instance.module.structure.globalTypes[index].value == .v128 {
            let vector = instance.globalVector(index)
            stack += [vector.low, vector.high]
        } else {
            stack.append(instance.globalSlot(index))
        }
    }

    // MARK: - Objects

    private mutating func popValue(slots: Int) -> (UInt64, UInt64) {
        guard slots == 2 else { return (pop(), 0) }
        let high = pop()
        return (pop(), high)
    }

    private func elementSlots(_ type: UInt32) -> Int {
        instance.module.types.element(ofArray: type)?.storage.byteCount == 16 ? 2 : 1
    }

    private mutating func makeStructure(
        _ type: UInt32,
        isDefault: Bool
    ) throws(HeapExhausted) {
        let runtimeType = instance.module.runtimeTypes[Int(type)]
        let object = try allocate(runtimeType, byteCount: runtimeType.byteCount)
        let fields = instance.module.types.fields(ofStructure: type) ?? []
        let layout = StructureLayout(.structure(fields))
        if !isDefault {
            for (field, offset) in zip(fields, layout.offsets).reversed() {
                let value = popValue(slots: field.storage.byteCount == 16 ? 2 : 1)
                instance.heap.store(value, field.storage, at: object + Int(offset))
            }
        }
        stack.append(UInt64(object) | Heap.tag)
    }

    private mutating func makeArray(
        _ type: UInt32,
        _ count: UInt32,
        _ value: (Int) -> (UInt64, UInt64)
    ) throws(HeapExhausted) {
        guard let element = instance.module.types.element(ofArray: type) else { return }
        let size = element.storage.byteCount
        let byteCount = RuntimeType.elementsOffset + Int(count) * size
        let object = try allocate(instance.module.runtimeTypes[Int(type)], byteCount: byteCount)
        instance.heap.setCount(count, at: object)
        for index in 0..<Int(count) {
            let place = object + RuntimeType.elementsOffset + index * size
            instance.heap.store(value(index), element.storage, at: place)
        }
        stack.append(UInt64(object) | Heap.tag)
    }

    private func allocate(_ type: RuntimeType, byteCount: Int) throws(HeapExhausted) -> Int {
        let heap = instance.heap
        guard let offset = heap.allocateNow(type, byteCount: byteCount, mayCollect: false) else {
            throw HeapExhausted()
        }
        return offset
    }
}

extension Heap {
    /// Writes a field or an element of an object.
    func store(_ value: (UInt64, UInt64), _ storage: StorageType, at offset: Int) {
        let place = unsafe base + offset
        switch storage.byteCount {
        case 1: unsafe place.storeBytes(of: UInt8(truncatingIfNeeded: value.0), as: UInt8.self)
        case 2: unsafe place.storeBytes(of: UInt16(truncatingIfNeeded: value.0), as: UInt16.self)
        case 4: unsafe place.storeBytes(of: UInt32(truncatingIfNeeded: value.0), as: UInt32.self)
        case 8: unsafe place.storeBytes(of: value.0, as: UInt64.self)
        default:
            unsafe place.storeBytes(of: value.0, as: UInt64.self)
            unsafe place.storeBytes(of: value.1, toByteOffset: 8, as: UInt64.self)
        }
    }

    /// Sets the number of an array's elements.
    func setCount(_ count: UInt32, at object: Int) {
        unsafe (base + object + RuntimeType.headerBytes).storeBytes(of: count, as: UInt32.self)
    }
}
