/// How many instances of a version are likely to be in use at once, from when they were taken and given back.
///
/// Little's law: as many as come in a second, times how many seconds each is kept. Moments are nanoseconds of
/// `Monotonic.now()`.
struct PoolDemand {
    /// The time between two takings, and between taking and giving back: moving averages.
    private var interval: Double?
    private var use: Double = 0
    private var lastTake: UInt64?

    /// The weight of the newest observation.
    private static let weight = 1.0 / 16

    /// An instance is taken; answers whether none was for a while.
    mutating func taken(at now: UInt64) -> Bool {
        defer { lastTake = now }
        guard let lastTake else { return true }
        let elapsed = now &- min(lastTake, now)
        let sample = Double(elapsed)
        interval = interval.map { $0 + (sample - $0) * Self.weight } ?? sample
        return elapsed >= InstancePool.unusedNanoseconds
    }

    /// An instance is given back that was in use for so many nanoseconds.
    mutating func givenBack(after nanoseconds: UInt64) {
        use += (Double(nanoseconds) - use) * Self.weight
    }

    /// How many are to be expected in use at a moment: twice the deviation above the mean, as arrivals that
    /// know nothing of one another have it.
    func expected(at now: UInt64) -> Int {
        guard let interval, let lastTake else { return 0 }
        // A silence longer than the average says that the average is out of date.
        let current = max(interval, Double(now &- min(lastTake, now)), 1)
        let mean = use / current
        guard mean >= 0.01 else { return 0 }
        return Int(min((mean + 2 * mean.squareRoot()).rounded(.up), 1e6))
    }
}
