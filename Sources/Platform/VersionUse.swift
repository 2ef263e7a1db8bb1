import Linux
import Synchronization

/// How many use a version at this moment, and whether anybody may begin to.
///
/// Any thread.
final class VersionUses: Sendable {
    // Far below zero: retired.
    private let count = Atomic<Int>(0)
    // When no alias led to the version any more, on the monotonic clock; 0 while one does.
    private let unreferencedAt = Atomic<UInt64>(0)

    private static let retired = Int.min / 2

    /// Begins a use; false when the version has been retired.
    func begin() -> Bool { count.add(1, ordering: .relaxed).oldValue >= 0 }

    /// Ends a use.
    func end() { count.subtract(1, ordering: .relaxed) }

    /// Lets nobody begin from now on; false when somebody uses the version.
    func retire() -> Bool {
        count.compareExchange(expected: 0, desired: Self.retired, ordering: .relaxed).exchanged
    }

    /// Since when no alias leads to the version; nil while one does.
    var unreferencedSince: UInt64? {
        let moment = unreferencedAt.load(ordering: .relaxed)
        return moment == 0 ? nil : moment
    }

    /// Notes whether an alias leads to the version.
    func note(isReferenced: Bool) {
        guard isReferenced else {
            _ = unreferencedAt.compareExchange(
                expected: 0,
                desired: max(1, Monotonic.now()),
                ordering: .relaxed
            )
            return
        }
        unreferencedAt.store(0, ordering: .relaxed)
    }
}

/// A use of a version by something other than an invocation, for as long as this value lives.
public final class VersionUse: Sendable {
    private let version: FunctionVersion

    /// Begins a use; nil when nobody may use the version any more.
    public init?(_ version: FunctionVersion) {
        self.version = version
        guard version.uses.begin() else { return nil }
    }

    deinit { version.uses.end() }
}
