public import FoundationEssentials

/// What is noted of a change: who made it, and what it was.
public struct AuditEntry: Equatable, Sendable {
    /// The name of the token that allowed it.
    public var actor: String

    /// What was done, in the daemon's words: `deploy`, `token.revoke`.
    public var action: String

    /// The function that it was done to.
    public var function: String?

    /// The version that it made or chose.
    public var version: Int?

    /// That version's module.
    public var digest: ModuleDigest?

    /// A JSON document with what else there is to say.
    public var detail: Data?

    /// The request's id.
    public var requestIdentifier: String

    /// Where the request came from; empty for a Unix-domain socket.
    public var clientAddress: String

    /// Makes an entry.
    public init(
        actor: String,
        action: String,
        function: String? = nil,
        version: Int? = nil,
        digest: ModuleDigest? = nil,
        detail: Data? = nil,
        requestIdentifier: String,
        clientAddress: String
    ) {
        self.actor = actor
        self.action = action
        self.function = function
        self.version = version
        self.digest = digest
        self.detail = detail
        self.requestIdentifier = requestIdentifier
        self.clientAddress = clientAddress
    }

    /// The entry about this version.
    func about(_ version: VersionRecord?) -> AuditEntry {
        var entry = self
        entry.version = version?.number
        entry.digest = version?.digest
        return entry
    }
}

/// An entry of the audit trail.
public struct AuditRecord: Equatable, Sendable {
    /// Goes up with every entry, and is never used again.
    public var id: Int

    /// When it was stored.
    public var at: Timestamp

    /// What was noted.
    public var entry: AuditEntry
}
