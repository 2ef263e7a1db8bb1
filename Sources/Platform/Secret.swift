public import Store

/// A variable of the guest's environment whose value nobody else sees.
public struct Secret: Equatable, Sendable {
    public let name: String
    public let value: SecretValue

    /// Makes a variable.
    public init(name: String, value: SecretValue) {
        self.name = name
        self.value = value
    }
}

/// Opens the secrets of a version.
///
/// Blocks.
public typealias SecretSource = @Sendable (FunctionName, Int) throws -> [Secret]
