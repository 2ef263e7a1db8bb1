import Synchronization

/// The translated code of one function, shared by all instances of its module.
@safe
struct FunctionCode {
    /// The fields, at a fixed address for the module's life.
    @safe
    struct Fields: ~Copyable {
        /// The address of the first cell; zero until the function is translated.
        ///
        /// Whoever reads a non-zero address (acquiring) sees the fields and cells written before it
        /// (releasing).
        let entry = Atomic<UInt>(0)
        var entryCost: UInt32 = 0
        var frameSlots: UInt32 = 0
        /// The function's index in the module's function index space.
        let index: UInt32
        /// Where the frame's links lie: after the parameters.
        let linkSlot: UInt16
        /// The slots of the locals that are not parameters.
        var localSlots: UInt16 = 0

        init(index: UInt32, linkSlot: UInt16) {
            self.index = index
            self.linkSlot = linkSlot
        }
    }

    /// Clearing more slots of locals than this at a call takes noticeable time, which is charged for.
    static let localSlotsWithoutCharge: UInt16 = 64

    // SAFETY: points at fields that the module owns; instances keep their module alive.
    let fields: UnsafeMutablePointer<Fields>

    init(_ fields: UnsafeMutablePointer<Fields>) { unsafe self.fields = fields }

    /// The first instruction; nil until the function is translated.
    @inline(__always)
    var entry: CodePointer? {
        unsafe CodePointer(address: fields.pointee.entry.load(ordering: .acquiring))
    }

    @inline(__always)
    var entryCost: UInt32 { unsafe fields.pointee.entryCost }

    @inline(__always)
    var frameSlots: UInt32 { unsafe fields.pointee.frameSlots }

    @inline(__always)
    var linkSlot: UInt16 { unsafe fields.pointee.linkSlot }

    @inline(__always)
    var localSlots: UInt16 { unsafe fields.pointee.localSlots }

    var index: Int { Int(unsafe fields.pointee.index) }

    var address: UInt { UInt(bitPattern: unsafe fields) }

    /// Makes translated code callable from every thread.
    func publish(_ function: TranslatedFunction, at address: UInt) {
        unsafe fields.pointee.entryCost = function.entryCost
        unsafe fields.pointee.frameSlots = function.frameSlots
        unsafe fields.pointee.localSlots = function.localSlots
        // Releases the fields and the cells to whoever acquires the address.
        unsafe fields.pointee.entry.store(address, ordering: .releasing)
    }
}
