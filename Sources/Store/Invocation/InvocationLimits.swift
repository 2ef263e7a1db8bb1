extension InvocationStore {
    /// How much is held, and for how long.
    public struct Limits: Equatable, Sendable {
        /// Records that one ring holds; the next is dropped.
        public var ringRecords = 32_768

        /// Bytes of log text that one ring holds; a record that would exceed them is dropped.
        public var ringLogBytes = 16 << 20

        /// How long a record waits in its ring at most, while the ring is less than half full.
        public var commitMilliseconds = 50

        /// Records older than this are deleted.
        public var retentionSeconds = 7 * 86_400

        /// When there are more records, the oldest are deleted.
        public var retentionRecords = 10_000_000

        /// When the database uses more, the oldest records are deleted.
        public var retentionBytes = 4 << 30

        /// The database never grows beyond this; what does not fit is dropped and counted.
        public var databaseBytesMax = 8 << 30

        /// How long retention goes on at a time, so that it never holds up the writer for long.
        public var deletionMilliseconds = 5

        /// How long a query goes on looking for matches before it hands out what it has.
        public var scanMilliseconds = 250

        /// The share of the successful calls that is stored, from 0 to 1; functions may ask for another.
        public var sampleSuccesses = 1.0

        /// The defaults.
        public init() {}
    }
}
