/// The lines that a guest logged: one buffer of text, and where each line ends and when it began.
///
/// Bytes are split at newlines, whatever pieces they are written in; each stream has its own
/// unfinished line. What exceeds a limit is dropped, and the value says so.
public struct LogLines: Sendable {
    /// Where a line came from.
    public enum Stream: UInt8, CaseIterable, Sendable {
        case stdout
        case stderr
        /// A logging call of another interface.
        case log
    }

    /// One line, without its newline.
    public struct Line: Equatable, Sendable {
        /// The line's number, from 0.
        public let sequence: Int
        /// When its first byte was written, in microseconds since the guest's start.
        public let atMicroseconds: UInt64
        /// Where it came from.
        public let stream: Stream
        /// Whether a limit cut its end off.
        public let isCut: Bool
        /// Its bytes as the guest wrote them: not necessarily UTF-8.
        public let bytes: ArraySlice<UInt8>

        /// Its text, with what is not UTF-8 replaced by U+FFFD.
        public var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// The most bytes to keep, newlines counted.
    public var byteLimit: Int

    /// The most lines to keep.
    public var lineLimit: Int

    /// Bytes that were dropped because of the limits.
    public private(set) var droppedByteCount = 0

    /// The default of ``byteLimit``: 64 KiB.
    public static let byteLimitDefault = 64 << 10

    /// The default of ``lineLimit``.
    public static let lineLimitDefault = 4096

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    private var unfinishedOutput = UnfinishedLine()
    private var unfinishedError = UnfinishedLine()
    private var unfinishedLog = UnfinishedLine()
    private var acceptedByteCount = 0

    private struct Entry: Sendable {
        let end: Int
        let atMicroseconds: UInt64
        let stream: Stream
        let isCut: Bool
    }

    /// Makes an empty log.
    public init(byteLimit: Int = byteLimitDefault, lineLimit: Int = lineLimitDefault) {
        self.byteLimit = byteLimit
        self.lineLimit = lineLimit
    }

    /// Whether anything was dropped.
    public var isTruncated: Bool { droppedByteCount > 0 }

    /// How many lines are complete.
    public var count: Int { entries.count }

    /// A complete line.
    public subscript(index: Int) -> Line {
        let entry = entries[index]
        let start = index == 0 ? 0 : entries[index - 1].end
        return Line(
            sequence: index,
            atMicroseconds: entry.atMicroseconds,
            stream: entry.stream,
            isCut: entry.isCut,
            bytes: bytes[start..<entry.end]
        )
    }

    /// The complete lines, in the order in which they were completed.
    public var lines: [Line] { entries.indices.map { self[$0] } }

    /// Adds bytes to a stream.
    public mutating func append(_ chunk: [UInt8], to stream: Stream, atMicroseconds: UInt64) {
        _ = append(count: chunk.count, to: stream, atMicroseconds: atMicroseconds) { line, kept in
            line.append(contentsOf: chunk.prefix(kept))
            return true
        }
    }

    /// Completes the unfinished lines: the guest has ended.
    public mutating func finish() {
        guard unfinishedOutput.isOpen || unfinishedError.isOpen || unfinishedLog.isOpen else {
            return
        }
        for stream in Stream.allCases {
            var line = takeUnfinished(stream)
            if line.isOpen {
                complete(line.bytes[...], of: line, isCut: line.isCut, stream: stream)
            }
            line.clear()
            putBack(line, stream)
        }
    }

    /// Forgets everything and keeps the storage for the next use.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        unfinishedOutput.clear()
        unfinishedError.clear()
        unfinishedLog.clear()
        acceptedByteCount = 0
        droppedByteCount = 0
    }
}

// MARK: - Splitting

/// The bytes since a stream's last newline.
private struct UnfinishedLine: Sendable {
    var bytes: [UInt8] = []
    var atMicroseconds: UInt64 = 0
    var isCut = false

    var isOpen: Bool { !bytes.isEmpty || isCut }

    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        isCut = false
    }
}

extension LogLines {
    /// Adds `count` bytes, which `copy` appends as far as the limits let it; false when it fails.
    mutating func append(
        count: Int,
        to stream: Stream,
        atMicroseconds: UInt64,
        _ copy: (inout [UInt8], Int) -> Bool
    ) -> Bool {
        guard count > 0 else { return true }
        var line = takeUnfinished(stream)
        defer { putBack(line, stream) }
        if !line.isOpen { line.atMicroseconds = atMicroseconds }
        let isFull = entries.count >= lineLimit
        let kept = isFull ? 0 : min(count, max(0, byteLimit - acceptedByteCount))
        let searchStart = line.bytes.count
        guard copy(&line.bytes, kept) else { return false }
        acceptedByteCount &+= kept
        split(&line, from: searchStart, stream: stream, atMicroseconds: atMicroseconds)
        if kept < count {
            droppedByteCount &+= count &- kept
            if !isFull { line.isCut = true }
        }
        return true
    }

    /// Completes every line of an unfinished one that has its newline.
    private mutating func split(
        _ line: inout UnfinishedLine,
        from searchStart: Int,
        stream: Stream,
        atMicroseconds: UInt64
    ) {
        var lineStart = 0
        var search = searchStart
        while let newline = line.bytes[search...].firstIndex(of: UInt8(ascii: "\n")) {
            guard entries.count < lineLimit else {
                droppedByteCount &+= line.bytes.count &- lineStart
                lineStart = line.bytes.count
                break
            }
            complete(line.bytes[lineStart..<newline], of: line, isCut: false, stream: stream)
            line.atMicroseconds = atMicroseconds
            lineStart = newline &+ 1
            search = lineStart
        }
        if lineStart == line.bytes.count {
            line.bytes.removeAll(keepingCapacity: true)
        } else if lineStart > 0 {
            line.bytes.removeFirst(lineStart)
        }
    }

    private mutating func complete(
        _ text: ArraySlice<UInt8>,
        of line: UnfinishedLine,
        isCut: Bool,
        stream: Stream
    ) {
        guard entries.count < lineLimit else {
            droppedByteCount &+= text.count
            return
        }
        let hasReturn = !isCut && text.last == UInt8(ascii: "\r")
        bytes.append(contentsOf: hasReturn ? text.dropLast() : text)
        entries.append(
            Entry(
                end: bytes.count,
                atMicroseconds: line.atMicroseconds,
                stream: stream,
                isCut: isCut
            )
        )
    }

    // Taken out and put back, so that the line is changed in place and the log beside it.
    private mutating func takeUnfinished(_ stream: Stream) -> UnfinishedLine {
        var taken = UnfinishedLine()
        switch stream {
        case .stdout: swap(&taken, &unfinishedOutput)
        case .stderr: swap(&taken, &unfinishedError)
        case .log: swap(&taken, &unfinishedLog)
        }
        return taken
    }

    private mutating func putBack(_ line: consuming UnfinishedLine, _ stream: Stream) {
        switch stream {
        case .stdout: unfinishedOutput = line
        case .stderr: unfinishedError = line
        case .log: unfinishedLog = line
        }
    }
}
