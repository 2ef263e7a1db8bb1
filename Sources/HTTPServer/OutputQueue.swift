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
    /// What a new buffer holds, the most that one may hold which others use after this one, and how many of them
    /// there are.
    private static let capacityMin = 512
    private static let spareCapacityMax = 4096
    private static let sparesMax = 1024

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
                tail.removeAll(keepingCapacity: true)
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

    // MARK: - Buffers

    /// Takes a buffer for what is about to be appended.
    ///
    /// Connections have one only while something waits to be written: the same few are in use all the time, and in
    /// the processor's caches.
    mutating func takeBuffer(from spares: inout [[UInt8]]) {
        guard tail.capacity == 0 else { return }
        if let buffer = spares.popLast() {
            tail = buffer
        } else {
            tail.reserveCapacity(Self.capacityMin)
        }
    }

    /// Gives the buffer back when nothing waits any more.
    mutating func giveBuffer(to spares: inout [[UInt8]]) {
        guard isEmpty, tail.capacity > 0 else { return }
        var buffer: [UInt8] = []
        swap(&buffer, &tail)
        guard buffer.capacity <= Self.spareCapacityMax, spares.count < Self.sparesMax else {
            return
        }
        spares.append(buffer)
    }
}
