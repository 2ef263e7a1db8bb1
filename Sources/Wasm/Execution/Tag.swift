/// An exception tag: what tells exceptions apart. Core specification §4.2.11
///
/// Each instantiation makes its own; tags are compared by identity.
public final class Tag: Sendable {
    /// What exceptions with the tag carry: parameters, and no results.
    public let type: FunctionType

    /// The id of the type among those of all modules.
    let typeID: UInt32
    /// Keeps the id taken.
    private let registered: RegisteredTypes

    /// Makes a tag of a type that a module defines.
    init(_ type: FunctionType, typeID: UInt32, registered: RegisteredTypes) {
        self.type = type
        self.typeID = typeID
        self.registered = registered
    }
}
