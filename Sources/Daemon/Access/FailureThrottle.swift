import Linux

/// Remembers which addresses have failed to show a valid token, and says when that was too often.
///
/// An address may fail a number of times in a row, and then once in a period. IPv6 addresses count by
/// their networks of 64 bits, of which a host has as many addresses as it likes.
struct FailureThrottle {
    /// The bounds.
    struct Limits: Equatable, Sendable {
        /// How often an address may fail in a row; 0: as often as it likes.
        var failuresMax = 10
        /// After how long a failure is forgotten.
        var failureMilliseconds = 1_000
        /// Addresses that are remembered.
        var addressesMax = 10_000
    }

    /// When all failures of an address are forgotten, on the monotonic clock.
    ///
    /// Two generations: when the younger is full it becomes the older one, which is given up.
    private var young: [String: UInt64] = [:]
    private var old: [String: UInt64] = [:]

    /// Counts a failure; returns after how many seconds to try again, if it was one too many.
    mutating func fail(_ address: String, at now: UInt64, _ limits: Limits) -> Int? {
        guard limits.failuresMax > 0 else { return nil }
        let key = Self.network(of: address)
        let period = UInt64(limits.failureMilliseconds) &* 1_000_000
        let allowed = UInt64(limits.failuresMax) &* period
        let forgottenAt = max(young[key] ?? old[key] ?? 0, now) &+ period
        guard forgottenAt &- now <= allowed else {
            let wait = forgottenAt &- now &- allowed
            return Int(clamping: (wait &+ 999_999_999) / 1_000_000_000)
        }
        if young[key] == nil, young.count >= max(1, limits.addressesMax / 2) {
            old = young
            young = [:]
        }
        young[key] = forgottenAt
        return nil
    }

    /// How many addresses are remembered.
    var addressCount: Int { young.count + old.count }

    private static func network(of address: String) -> String {
        guard case .v6(let high, _, _) = SocketAddress(host: address, port: 0)?.host else {
            return address
        }
        return String(high, radix: 16) + "::/64"
    }
}
