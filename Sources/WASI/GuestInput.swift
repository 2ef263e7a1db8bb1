/// What a guest reads as its standard input: bytes that are there, and whether more may come.
///
/// The host appends as bytes arrive. A guest that reads while nothing is here and the end has not
/// come is suspended until the host appends something and resumes it.
public struct GuestInput: Sendable {
    private(set) var bytes: [UInt8]
    private(set) var position = 0
    /// How many of the bytes to be read next were put before the input.
    private var prefaceByteCount = 0

    /// Whether no more input will come after what is here.
    public private(set) var hasEnded: Bool

    /// Bytes that the guest has read so far.
    public private(set) var readByteCount: UInt64 = 0

    /// Makes an input that is complete.
    public init(_ bytes: [UInt8] = []) {
        self.bytes = bytes
        hasEnded = true
    }

    /// An input of which nothing has arrived yet.
    public static var arriving: GuestInput {
        var input = GuestInput()
        input.hasEnded = false
        return input
    }

    /// Bytes that are here and not yet read.
    ///
    /// A host that feeds from a socket stops reading from it while this is large.
    public var unreadByteCount: Int { bytes.count &- position }

    /// Whether a read would answer at once.
    public var isReady: Bool { position < bytes.count || hasEnded }

    /// Adds bytes that arrived.
    ///
    /// Anything after the end is ignored.
    public mutating func append(_ chunk: [UInt8]) {
        guard !hasEnded else { return }
        if position == bytes.count {
            bytes = chunk
            position = 0
        } else {
            if position > bytes.count / 2 {
                bytes.removeFirst(position)
                position = 0
            }
            bytes.append(contentsOf: chunk)
        }
    }

    /// Puts bytes before all others, which do not count as read when they are.
    ///
    /// Only before anything was read.
    public mutating func put(_ preface: [UInt8]) {
        bytes.insert(contentsOf: preface, at: 0)
        prefaceByteCount += preface.count
    }

    /// Takes up to so many bytes, as read.
    public mutating func read(upTo count: Int) -> [UInt8] {
        let end = min(bytes.count, position &+ max(0, count))
        defer { consume(end - position) }
        return position == 0 && end == bytes.count ? bytes : Array(bytes[position..<end])
    }

    /// All bytes that are here, those that have been read included.
    public var allBytes: [UInt8] { bytes }

    /// States that no more input will come.
    public mutating func end() { hasEnded = true }

    /// Counts bytes as read; at most the unread ones.
    mutating func consume(_ count: Int) {
        let count = min(max(0, count), unreadByteCount)
        position &+= count
        let ofPreface = min(count, prefaceByteCount)
        prefaceByteCount -= ofPreface
        readByteCount &+= UInt64(count - ofPreface)
    }
}
