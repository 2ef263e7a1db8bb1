import Synchronization

/// A limit that a peer can run into.
public enum ServerLimit: String, CaseIterable, Sendable {
    case connections
    case connectionsPerAddress = "connections_per_address"
    case acceptFailure = "accept_failure"
    case queueAge = "queue_age"
    case firstByte = "first_byte"
    case head
    case body
    case idle
    case readRate = "read_rate"
    case writeRate = "write_rate"
    case pipelinedRequests = "pipelined_requests"
    case requestsPerConnection = "requests_per_connection"
    case connectionAge = "connection_age"
    case streamBytes = "stream_bytes"
    case headBytes = "head_bytes"
    case bodyBytes = "body_bytes"
    case linger
}

/// How often each limit was hit in one loop, which alone counts; any thread may read.
final class LimitHits: Sendable {
    // As many as there are limits; a fixed array of atomics would need each of them spelled out.
    private let counters: [Counter]

    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    init() { counters = ServerLimit.allCases.map { _ in Counter() } }

    private static let indices = Dictionary(
        uniqueKeysWithValues: ServerLimit.allCases.enumerated().map { ($1, $0) }
    )

    func count(_ limit: ServerLimit) {
        counters[Self.indices[limit] ?? 0].value.add(1, ordering: .relaxed)
    }

    var counts: [ServerLimit: Int] {
        Dictionary(
            uniqueKeysWithValues: zip(ServerLimit.allCases, counters).map {
                ($0, $1.value.load(ordering: .relaxed))
            }
        )
    }
}
