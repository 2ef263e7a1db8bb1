public import FoundationEssentials

/// A function: a name with its history and the aliases that point into it.
public struct FunctionRecord: Equatable, Sendable {
    /// Unique among the functions there are.
    public var name: String

    /// When the function was first deployed, or first deployed again after it was deleted.
    public var createdAt: Timestamp

    /// When it last changed.
    public var updatedAt: Timestamp

    /// Goes up by one with every change: deployment, configuration, alias.
    ///
    /// It never repeats for a name, even after the function was deleted, so it makes an entity tag.
    public var revision: Int

    /// The highest version number.
    public var latestVersion: Int

    /// By name; `live` is among them once a version was activated.
    public var aliases: [AliasRecord]

    /// The version that plain traffic uses.
    public var liveVersion: Int? {
        aliases.first { $0.name == AliasRecord.live }?.version
    }

    /// The version that a change starts from: the live one, else the latest.
    public var currentVersion: Int { liveVersion ?? latestVersion }
}

/// A name for a version of a function.
public struct AliasRecord: Equatable, Sendable {
    /// The alias that plain traffic uses.
    public static let live = "live"

    /// Unique within the function.
    public var name: String

    /// The version it stands for.
    public var version: Int

    /// Further versions and the share of traffic that each takes.
    public var weights: [Int: Double]

    /// What decides who gets which version; nil leaves it to chance.
    public var sticky: StickyKey?

    /// When it last changed.
    public var updatedAt: Timestamp
}

/// One immutable version of a function.
public struct VersionRecord: Equatable, Sendable {
    /// The function's name.
    public var function: String

    /// Counts from 1 in each function, and is never used again, even after the function was
    /// deleted.
    public var number: Int

    /// Which module it runs.
    public var digest: ModuleDigest

    /// The module's size in bytes.
    public var moduleBytes: Int

    /// The files that its guest finds; nil when there are none.
    public var bundle: ModuleDigest?

    /// The build of the runtime whose module it is; nil when it is the function's own.
    public var runtime: RuntimeBuildRecord?

    /// The path of the script among the files, when a runtime runs it.
    public var main: String?

    /// When it was deployed.
    public var createdAt: Timestamp

    /// The guest interface, in the platform's words.
    public var guestInterface: String

    /// A JSON document that the store keeps as it is and compares byte by byte.
    public var configuration: Data

    /// A JSON document about where the module came from.
    public var source: Data?
}

/// The result of one benchmark of a version.
public struct BenchmarkRecord: Equatable, Sendable {
    /// When it was saved.
    public var createdAt: Timestamp

    /// A JSON document that the store keeps as it is.
    public var result: Data
}

/// What must hold for a change to happen.
///
/// Checked in the transaction that makes the change.
public enum Precondition: Equatable, Sendable {
    /// Nothing.
    case none

    /// There is no such function: `If-None-Match: *` (RFC 9110 §13.1.2).
    case mustNotExist

    /// There is such a function: `If-Match: *` (RFC 9110 §13.1.1).
    case mustExist

    /// The function is at this revision.
    case revision(Int)

    /// The function is at one of these revisions: `If-Match` with a list.
    case anyRevision([Int])

    /// The function's highest version number is this one.
    case latestVersion(Int)

    /// Whether it holds for a function, or (nil) for a name that none has.
    public func holds(for function: FunctionRecord?) -> Bool {
        switch self {
        case .none: true
        case .mustNotExist: function == nil
        case .mustExist: function != nil
        case .revision(let revision): function?.revision == revision
        case .anyRevision(let revisions): function.map { revisions.contains($0.revision) } ?? false
        case .latestVersion(let number): function?.latestVersion == number
        }
    }
}

/// What a deployment or a change of configuration did.
public struct DeploymentOutcome: Equatable, Sendable {
    /// The three things that can happen.
    public enum Kind: String, Sendable {
        /// A function was made, with its first version.
        case created

        /// The function has a new version.
        case newVersion

        /// An existing version is the same in module, interface and configuration.
        case unchanged
    }

    /// What happened.
    public var kind: Kind

    /// The version made, or the existing one that is the same.
    public var version: VersionRecord

    /// The function as it is now.
    public var function: FunctionRecord
}
