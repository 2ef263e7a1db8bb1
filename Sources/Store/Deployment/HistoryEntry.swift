/// Who asked for a change, and by which request.
public struct ChangeOrigin: Equatable, Sendable {
    /// The name of the token that was shown.
    public var actor: String

    /// The request's id; nil when none asked for it.
    public var requestIdentifier: String?

    /// Names who asked.
    public init(actor: String, requestIdentifier: String? = nil) {
        self.actor = actor
        self.requestIdentifier = requestIdentifier
    }

    /// The daemon itself.
    public static let daemon = ChangeOrigin(actor: "roost")
}

/// One change of a function.
public struct HistoryEntry: Equatable, Sendable {
    /// What was changed.
    public enum Kind: String, CaseIterable, Sendable {
        case deploy
        case configure
        case secretSet = "secret-set"
        case secretDelete = "secret-delete"
        case alias
        case aliasDelete = "alias-delete"
        case rollback
        case delete
        case imported = "import"
        /// Versions that nothing referred to were given up.
        case collect
    }

    /// What an alias led to.
    public struct Target: Equatable, Sendable, Codable {
        public var version: Int
        /// Further versions and their shares.
        public var weights: [Int: Double]
        public var sticky: StickyKey?

        init(_ alias: AliasRecord) {
            version = alias.version
            weights = alias.weights
            sticky = alias.sticky
        }
    }

    /// The parts that only some changes have.
    public struct Detail: Equatable, Sendable, Codable {
        /// The version that was made, or that a deployment found to be the same.
        public var version: Int?
        /// The alias that was moved: by a deployment, `live`.
        public var alias: String?
        /// Where it led before; nil: nowhere.
        public var from: Target?
        /// Where it leads now; nil: nowhere.
        public var to: Target?
        /// The name of the secret.
        public var secret: String?
        /// The versions that were given up.
        public var versions: [Int]?
        /// How many modules were given up with them.
        public var moduleCount: Int?
    }

    /// Goes up with time.
    public let id: Int64
    public let at: Timestamp
    public let kind: Kind
    public let origin: ChangeOrigin
    public let detail: Detail
}

/// What of a request decides which of an alias's versions answers it, so that those who show the same always get the
/// same version.
public enum StickyKey: Equatable, Sendable, Codable {
    /// The value of a header field.
    case header(String)

    /// The value of a cookie.
    case cookie(String)
}
