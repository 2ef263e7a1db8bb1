/// A function that a module exports, found once to be called often.
///
/// Of one module: calls of instances of another are refused.
public struct ExportedFunction: Sendable {
    let module: ObjectIdentifier
    /// The function's index in the module.
    let index: Int
    /// Its parameters and results.
    public let type: FunctionType
}
