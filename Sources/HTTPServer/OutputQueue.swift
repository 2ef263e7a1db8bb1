import Linux

/// The octets of one connection that wait to be written.
///
/// Small pieces are collected in one array, so that a batch of responses is one write; a large
/// body is queued as it is, without a copy.
struct OutputQueue {
    /// Where heads and small bodies are appended.
    var tail: [UInt8] = []

    private var segments: [[UInt8]] = []
    private var offset = 0
    private var segmentBytes = 0

    /// From this size on, a body is not copied.
    private static let copiedBytesMax = 16 * 1024
    /// The capacity that an idle connection keeps.
    private static let idleCapacityMax = 4096

    /// The octets that wait.
    var byteCount: Int { segmentBytes - offset + tail.count }

    /// Whether nothing waits.
    var isEmpty: Bool { segments.isEmpty && tail.isEmpty }

    /// Appends a body.
    mutating func append(_ bytes: [UInt8]) {
        guard bytes.count >= Self.copiedBytesMax else {
            tail.append(contentsOf: bytes)
            return
        }
        sealTail()
        segments.append(bytes)
        segmentBytes += bytes.count
    }

    /// Writes as much as the kernel takes, and returns how many octets that was.
    mutating func write(to socket: borrowing ConnectedSocket) throws(SystemError) -> Int {
        var written = 0
        if segments.isEmpty {
            guard !tail.isEmpty else { return 0 }
            guard case .bytes(let count) = try socket.write(tail, from: 0) else { return 0 }
            if count == tail.count {
                resetTail()
                return count
            }
            written = count
            sealTail()
            offset = count
        } else {
            sealTail()
        }
        while let first = segments.first {
            let isLast = segments.count == 1
            guard
                case .bytes(let count) = try socket.write(first, from: offset, moreFollows: !isLast)
            else { return written }
            written += count
            offset += count
            guard offset == first.count else { continue }
            segments.removeFirst()
            segmentBytes -= first.count
            offset = 0
        }
        return written
    }

    private mutating func sealTail() {
        guard !tail.isEmpty else { return }
        segments.append(tail)
        segmentBytes += tail.count
        tail = []
    }

    private mutating func resetTail() {
        if tail.capacity > Self.idleCapacityMax {
            tail = []
        } else {
            tail.removeAll(keepingCapacity: true)
        }
    }
}
