public import Store

/// An invocation that is over, as part of a trace.
public struct InvocationSpan: Sendable {
    /// What is known of the invocation.
    public let record: InvocationRecord
    /// Where it stands in the trace.
    public let context: TraceContext
    /// What other systems have to say of the trace; nil: nothing.
    public var state: String? { context.state }
    /// Whether the caller is another program, and not a function that asked this one.
    public let hasRemoteParent: Bool
    /// The pattern of paths that led to the function.
    public let route: String
    /// `http` or `https`.
    public let scheme: String
    /// The client's address; empty when it has none.
    public let clientAddress: String

    init(
        _ record: InvocationRecord,
        _ context: TraceContext,
        _ origin: RequestOrigin,
        _ match: RouteMatch,
        depth: Int
    ) {
        self.record = record
        self.context = context
        hasRemoteParent = depth == 0 && context.parent != nil
        route = match.pattern
        scheme = origin.scheme
        clientAddress = origin.address
    }
}

/// Takes spans from the threads that end invocations.
public protocol SpanSink: Sendable {
    /// Takes a span, or drops and counts it.
    ///
    /// Any thread; must not wait.
    func append(_ span: consuming InvocationSpan)
}
