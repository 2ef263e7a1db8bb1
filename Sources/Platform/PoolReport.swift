import Linux

/// What is in memory of functions at one moment, and what has been done to keep it there.
public struct PoolReport: Sendable {
    /// Of one version, or of all together.
    public struct Counts: Sendable {
        /// Instances that are ready, that serve a request, and requests that wait for their turn.
        public var idle = 0
        public var inUse = 0
        public var waiting = 0
        /// Requests that found an instance ready, and those for which one was made.
        public var hits = 0
        public var misses = 0
        /// Instances made before they were needed, and given up as idle or for want of memory.
        public var refills = 0
        public var idleDrops = 0
        public var evictions = 0
        public var resets = 0
        public var resetNanoseconds: UInt64 = 0
        /// Bytes: of the module, of translated code, of the snapshot that instances share, and of what each
        /// instance has for itself.
        public var moduleBytes = 0
        public var codeBytes = 0
        public var imageBytes = 0
        public var privateBytes = 0

        static func += (left: inout Counts, right: Counts) {
            for path in fields { left[keyPath: path] += right[keyPath: path] }
            left.resetNanoseconds += right.resetNanoseconds
        }

        private static var fields: [WritableKeyPath<Counts, Int>] {
            [
                \.idle, \.inUse, \.waiting, \.hits, \.misses, \.refills, \.idleDrops, \.evictions,
                \.resets, \.moduleBytes, \.codeBytes, \.imageBytes, \.privateBytes,
            ]
        }
    }

    /// A version that is in memory.
    public struct Version: Sendable {
        public let function: FunctionName
        public let number: Int
        /// When a request last took an instance, on the monotonic clock; zero: never.
        public let lastUse: UInt64
        public let counts: Counts
    }

    /// The versions in memory, those used last first.
    public private(set) var versions: [Version] = []
    public private(set) var total = Counts()
    public let functionCount: Int
    /// Functions of which nothing is in memory.
    public let dormantFunctionCount: Int
    /// What the account has for all of it, and may have, in bytes.
    public let residentBytes: Int
    public let residentBytesMax: Int
    /// Versions brought into memory since the start, and given up for want of it.
    public let loadCount: Int
    public let evictedVersionCount: Int
    /// The process's resident memory in bytes.
    public let processBytes: Int

    init(_ platform: Platform) {
        let residents = platform.residents
        let table = platform.table
        functionCount = table.count
        dormantFunctionCount = table.dormantCount
        residentBytes = residents.account.byteCount
        residentBytesMax = residents.account.byteCountMax
        let statistics = residents.statistics
        loadCount = statistics.loadCount
        evictedVersionCount = statistics.evictedVersionCount
        processBytes = ProcessMemory.residentByteCount
        versions = residents.versions.compactMap { Self.version($0) }
            .sorted { $0.lastUse > $1.lastUse }
        for version in versions { total += version.counts }
        // Counters do not go back when a version leaves memory.
        total += statistics.departed
    }

    private static func version(_ version: FunctionVersion) -> Version? {
        guard let loaded = version.loaded else { return nil }
        let pool = loaded.pool.statistics
        var counts = Counts(pool)
        counts.waiting = version.gate.counts.waiting
        counts.moduleBytes = loaded.image.moduleByteCount
        counts.codeBytes = loaded.image.codeByteCount
        counts.imageBytes = loaded.image.snapshotByteCount
        return Version(
            function: version.function,
            number: version.number,
            lastUse: pool.lastUse,
            counts: counts
        )
    }
}

extension PoolReport.Counts {
    init(_ pool: InstancePool.Statistics) {
        idle = pool.readyCount
        inUse = pool.inUseCount
        hits = pool.hitCount
        misses = pool.missCount
        refills = pool.refillCount
        idleDrops = pool.idleDropCount
        evictions = pool.evictionCount
        resets = pool.resetCount
        resetNanoseconds = pool.resetNanoseconds
        privateBytes = pool.privateByteCount
    }

    /// What stays of a pool whose version leaves memory: what it has done, not what it has.
    init(departing pool: InstancePool.Statistics) {
        self.init(pool)
        (idle, inUse, privateBytes) = (0, 0, 0)
    }
}
