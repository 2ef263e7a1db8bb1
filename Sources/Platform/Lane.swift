public import HTTP
import Linux
public import Store

/// One event loop's way into the platform: its copy of the routing table, its ring of records, its
/// source of request ids.
///
/// Belongs to one thread.
public final class Lane {
    private let platform: Platform
    private let directory: FunctionDirectory
    private var surroundings: Invocation.Surroundings
    private var table: RoutingTable
    private var generation: UInt64 = 0
    private var identifiers = UUIDv7Maker()
    private var clock = WallClock()
    private var traces: TraceSource
    /// Instances of requests that are answered, to be given back when the answers are written.
    private var used: [UsedInstance] = []
    /// When this thread may next help the workers.
    private var helpsFrom: UInt64 = 0

    init(_ platform: Platform, ring: InvocationRing) {
        self.platform = platform
        directory = platform.directory
        traces = TraceSource(sampleRatio: platform.options.traceSampleRatio)
        table = platform.directory.table
        surroundings = Invocation.Surroundings(
            platform,
            platform.options,
            ring: ring,
            shard: platform.metrics.nextShard()
        )
    }

    /// The fields that are added to the responses of requests from now on.
    public var responseFields: PlatformOptions.ResponseFields {
        get { surroundings.options.responseFields }
        set {
            var options = surroundings.options
            options.responseFields = newValue
            surroundings = Invocation.Surroundings(
                platform,
                options,
                ring: surroundings.ring,
                shard: surroundings.shard
            )
        }
    }

    /// Which routing table ``find(_:)`` looks at: another number, another table.
    public var tableGeneration: UInt64 {
        directory.refresh(&table, &generation)
        return generation
    }

    /// Finds the function that a request is for.
    public func find(_ head: RequestHead) -> RouteLookup {
        directory.refresh(&table, &generation)
        return table.find(head)
    }

    /// The request's id: the caller's if it can be kept, else a new one.
    ///
    /// `moment` is when the request was received, if that is known.
    public func identifier(of head: RequestHead, receivedAt moment: UInt64? = nil)
        -> RecordIdentifier
    {
        if let given = head.fields["x-request-id"], RequestIdentity.isAcceptable(given) {
            return RecordIdentifier(given)
        }
        return moment.map { identifiers.next(at: clock.time(of: $0)) } ?? identifiers.next()
    }

    /// A new request id.
    public func mintIdentifier() -> RecordIdentifier { identifiers.next() }

    /// Runs a request, at first on this thread.
    ///
    /// `sink` is told of the answer, on any thread; not of one to a request that was canceled. Returns the
    /// invocation if it goes on, so that it can be given more of the body and be canceled; `sink` is then told of
    /// its end, on another thread.
    public func invoke(
        _ request: Request,
        _ match: RouteMatch,
        origin: RequestOrigin,
        trigger: InvocationTrigger = .http,
        identifier: RecordIdentifier? = nil,
        sink: any AnswerSink
    ) -> Invocation? {
        let invocation = Invocation(
            request,
            match,
            identifier: identifier ?? self.identifier(of: request.head),
            startedAt: clock.time(of: request.receivedAt),
            origin: origin,
            trigger: trigger,
            trace: traces.context(of: request.head.fields),
            surroundings: surroundings,
            sink: sink
        )
        guard invocation.start() else { return invocation }
        if let used = invocation.takeUsedInstance() { self.used.append(used) }
        return nil
    }

    /// Has this thread run a slice of what the workers do not get to, in at most two thirds of its time: whoever is
    /// refused meanwhile is told soon.
    private func help() {
        guard platform.scheduler.isBehind else { return }
        let begin = Monotonic.now()
        guard begin >= helpsFrom, platform.scheduler.help() else { return }
        let end = Monotonic.now()
        helpsFrom = end &+ (end &- begin) / 2
    }

    /// Resets the instances of requests that have been answered on this thread.
    ///
    /// To be called when the answers have been written.
    public func tidy() {
        help()
        while let instance = used.popLast() { instance.giveBack(or: platform.janitor) }
    }
}
