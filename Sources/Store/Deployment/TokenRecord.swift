public import FoundationEssentials

/// A token as it is stored: what it allows, and the digest of its secret.
public struct TokenRecord: Equatable, Sendable {
    /// Unique among the tokens there are.
    public var name: String

    /// The SHA-256 of the secret.
    public var digest: Data

    /// What it allows, in the daemon's words.
    public var scopes: [String]

    /// The functions it is for: their names, or the beginnings of names with a `*`.
    public var functions: [String]

    /// When it was made.
    public var createdAt: Timestamp

    /// The name of the token that it was made with.
    public var createdBy: String

    /// From when on it is worth nothing; nil: never.
    public var expiresAt: Timestamp?

    /// Makes a record.
    public init(
        name: String,
        digest: Data,
        scopes: [String],
        functions: [String],
        createdAt: Timestamp,
        createdBy: String,
        expiresAt: Timestamp?
    ) {
        self.name = name
        self.digest = digest
        self.scopes = scopes
        self.functions = functions
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
    }
}

/// What became of a token that was to be added.
public enum TokenAddition: Sendable {
    case added
    /// Another has its name.
    case nameTaken
    /// There are as many as there may be.
    case full
}
