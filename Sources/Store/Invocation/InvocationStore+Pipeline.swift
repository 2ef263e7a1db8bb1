public import Linux
internal import Synchronization

extension InvocationStore {
    /// The way of records to the disk, for people who watch it.
    public struct Pipeline: Sendable {
        /// Records that wait in the rings, and how many there is room for in all rings together.
        public var waiting = 0
        public var room = 0
        /// Records that found no room in a ring.
        public var ringDropped = 0
        /// Records that the database did not take.
        public var databaseDropped = 0
        /// How long each batch took that was committed.
        public var commits = DurationHistogram.Snapshot()
    }

    /// The state of the way to the disk.
    ///
    /// Takes each ring's lock for a moment. Any thread.
    public var pipeline: Pipeline {
        var pipeline = Pipeline()
        for ring in queue.allRings {
            let (waiting, room) = ring.fill
            pipeline.waiting += waiting
            pipeline.room += room
            pipeline.ringDropped += ring.counts.dropped
        }
        pipeline.databaseDropped = queue.lost.load(ordering: .relaxed)
        pipeline.commits = queue.commits.snapshot
        return pipeline
    }
}
