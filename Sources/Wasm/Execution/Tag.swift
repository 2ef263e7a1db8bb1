import Synchronization

/// An exception tag: what tells exceptions apart. Core specification §4.2.11
///
/// Each instantiation makes its own; tags are compared by identity.
public final class Tag: Sendable {
    /// What exceptions carry to say which tag they have: no two tags of the process share a number.
    let id: UInt64

    /// What exceptions with the tag carry: parameters, and no results.
    public let type: FunctionType

    /// The slots that the parameters take.
    let slotCount: Int

    /// Those of the slots that hold references to functions.
    let functionSlots: [Int]

    /// The id of the type among those of all modules.
    let typeID: UInt32
    /// Keeps the id taken.
    private let registered: RegisteredTypes

    private static let count = Atomic<UInt64>(0)

    /// Makes a tag of the type with an index in a module.
    ///
    /// `id` is given for an instance that is made from a snapshot, whose exceptions carry it.
    init(_ typeIndex: UInt32, of module: Module, id: UInt64?) {
        let registered = module.types.registered
        let type = registered.resolve(module.structure.functionType(at: typeIndex))
        // Relaxed: the numbers only have to differ.
        self.id = id ?? Self.count.wrappingAdd(1, ordering: .relaxed).newValue
        self.type = type
        var slotCount = 0
        var functionSlots: [Int] = []
        for parameter in module.structure.functionType(at: typeIndex).parameters {
            if case .reference(let reference) = parameter, module.types.isFunction(reference) {
                functionSlots.append(slotCount)
            }
            slotCount += parameter.slotCount
        }
        self.slotCount = slotCount
        self.functionSlots = functionSlots
        self.typeID = module.typeID(typeIndex)
        self.registered = registered
    }
}
