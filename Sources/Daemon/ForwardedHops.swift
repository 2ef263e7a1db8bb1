import HTTP

/// What proxies say of a request's way, the nearest first.
///
/// From `Forwarded` (RFC 7239), or, in a request that has none, from `X-Forwarded-For`,
/// `X-Forwarded-Proto` and `X-Forwarded-Host`, whose values go together from the last on; what a
/// shorter list says first is said of the hops before, too.
struct ForwardedHops: Sequence, IteratorProtocol {
    private let isStandard: Bool
    private var nodes: ListElements
    private var schemes: ListElements
    private var hosts: ListElements
    private var scheme: String?
    private var host: String?
    private var hasBegun = false

    init(_ fields: Fields) {
        isStandard = fields.contains("forwarded")
        nodes = ListElements(fields, isStandard ? "forwarded" : "x-forwarded-for")
        schemes = ListElements(fields, "x-forwarded-proto")
        hosts = ListElements(fields, "x-forwarded-host")
    }

    mutating func next() -> ForwardedHop? {
        if isStandard { return nodes.next().map { ForwardedHop(element: $0) } }
        let node = nodes.nextText()
        scheme = schemes.nextText() ?? scheme
        host = hosts.nextText() ?? host
        // The nearest proxy may tell a scheme or a host and no address.
        let isFirst = !hasBegun && (scheme != nil || host != nil)
        hasBegun = true
        guard node != nil || isFirst else { return nil }
        return ForwardedHop(node: node, scheme: scheme, host: host)
    }
}
