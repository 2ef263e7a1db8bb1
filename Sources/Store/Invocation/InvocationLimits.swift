extension InvocationStore {
    /// How much is held, and for how long.
    public struct Limits: Equatable, Sendable {
        /// Records that one ring holds; the next is dropped.
        public var ringRecords = 8_192

        /// Bytes of log text that one ring holds; a record that would exceed them is dropped.
        public var ringLogBytes = 16 << 20

        /// How long a record waits in its ring at most, while the ring is less than half full.
        public var commitMilliseconds = 50

        /// Records older than this are deleted.
        public var retentionSeconds = 7 * 86_400

        /// Records beyond this number are deleted, the oldest first.
        public var retentionRecords = 1_000_000

        /// When the database uses more, the oldest records are deleted.
        public var retentionBytes = 4 << 30

        /// The database never grows beyond this; what does not fit is dropped and counted.
        public var databaseBytesMax = 8 << 30

        /// Rows deleted in one transaction, so that retention never holds up the writer for long.
        public var deletionSliceRows = 5_000

        /// Rows that one step of a query looks at before it lets its snapshot go.
        public var scanSliceRows = 20_000

        /// How long a query goes on looking for matches before it hands out what it has.
        public var scanMilliseconds = 500

        /// The defaults.
        public init() {}
    }
}
