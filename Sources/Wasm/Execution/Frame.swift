/// A guest function's frame: 64-bit slots on the value stack.
///
/// A vector takes two slots, low half first. Parameters come first, then two slots of links (where to return to, and the caller's frame), the
/// other locals, and the operand stack. A call passes arguments by placing the callee's frame over
/// them; results come back in the same slots. An i32 or f32 is kept zero-extended.
@safe
struct Frame {
    // SAFETY: points into the execution's value stack. Slot numbers come from the translator, and
    // `fits` is checked before a frame is entered, so that every slot lies on the stack.
    let base: UnsafeMutablePointer<UInt64>

    /// The slots that a frame needs besides its locals and operands.
    static let linkSlots = 2

    init(_ base: UnsafeMutablePointer<UInt64>) { unsafe self.base = base }

    @inline(__always)
    subscript(i64 slot: UInt16) -> UInt64 {
        get { unsafe base[Int(slot)] }
        nonmutating set { unsafe base[Int(slot)] = newValue }
    }

    @inline(__always)
    subscript(s64 slot: UInt16) -> Int64 {
        get { Int64(bitPattern: self[i64: slot]) }
        nonmutating set { self[i64: slot] = UInt64(bitPattern: newValue) }
    }

    @inline(__always)
    subscript(i32 slot: UInt16) -> UInt32 {
        get { UInt32(truncatingIfNeeded: self[i64: slot]) }
        nonmutating set { self[i64: slot] = UInt64(newValue) }
    }

    @inline(__always)
    subscript(s32 slot: UInt16) -> Int32 {
        get { Int32(truncatingIfNeeded: self[i64: slot]) }
        nonmutating set { self[i32: slot] = UInt32(bitPattern: newValue) }
    }

    @inline(__always)
    subscript(f32 slot: UInt16) -> Float {
        get { Float(bitPattern: self[i32: slot]) }
        // From a vector register: by way of an integer one it takes three cycles more.
        nonmutating set {
            unsafe UnsafeMutableRawPointer(base + Int(slot)).storeBytes(
                of: SIMD2(newValue, 0),
                as: SIMD2<Float>.self
            )
        }
    }

    @inline(__always)
    subscript(f64 slot: UInt16) -> Double {
        get { Double(bitPattern: self[i64: slot]) }
        nonmutating set { self[i64: slot] = newValue.bitPattern }
    }

    /// The vector in a slot and the next.
    @inline(__always)
    subscript(vector slot: UInt16) -> V128 {
        get {
            unsafe UnsafeRawPointer(base + Int(slot)).loadUnaligned(as: V128.self)
        }
        nonmutating set {
            unsafe UnsafeMutableRawPointer(base + Int(slot)).storeBytes(
                of: newValue,
                as: V128.self
            )
        }
    }

    // MARK: Calls

    @inline(__always)
    func advanced(by slots: UInt16) -> Frame { unsafe Frame(base + Int(slots)) }

    /// Whether `slots` slots from here on lie below the end of the stack.
    @inline(__always)
    func fits(_ slots: UInt32, below limit: Frame) -> Bool {
        unsafe base + Int(slots) <= limit.base
    }

    /// Makes this the frame of a call: stores the links and clears the locals.
    @inline(__always)
    func link(_ callee: FunctionCode, returnTo code: CodePointer, _ caller: Frame) {
        let links = unsafe base + Int(callee.linkSlot)
        unsafe links[0] = UInt64(code.address)
        unsafe links[1] = UInt64(UInt(bitPattern: caller.base))
        var index = 0
        let count = Int(callee.localSlots)
        while index < count {
            unsafe links[Self.linkSlots &+ index] = 0
            index &+= 1
        }
    }

    /// Makes this the frame of a tail call: moves the arguments to its start, then links it.
    @inline(__always)
    func relink(
        _ callee: FunctionCode,
        arguments: UInt16,
        returnTo code: CodePointer,
        _ caller: Frame
    ) {
        // Upwards: the arguments lie behind the place that they go to.
        var index = 0
        let count = Int(callee.linkSlot)
        while index < count {
            unsafe base[index] = base[Int(arguments) &+ index]
            index &+= 1
        }
        link(callee, returnTo: code, caller)
    }

    /// Reads the links: where to return to, and the caller's frame.
    @inline(__always)
    func unlink(_ linkSlot: UInt16) -> (CodePointer, Frame) {
        let links = unsafe UnsafeRawPointer(base + Int(linkSlot))
        return unsafe (
            CodePointer(links.load(as: UnsafePointer<UInt16>.self)),
            Frame(links.load(fromByteOffset: 8, as: UnsafeMutablePointer<UInt64>.self))
        )
    }

    /// Moves slots, as if through a buffer.
    func move(from source: UInt16, to target: UInt16 = 0, count: UInt16) {
        unsafe (base + Int(target)).update(from: base + Int(source), count: Int(count))
    }
}

extension Frame: Equatable {
    @inline(__always)
    static func == (left: Frame, right: Frame) -> Bool { unsafe left.base == right.base }
}
