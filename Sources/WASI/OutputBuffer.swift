/// What a guest wrote to its standard output and the host has not taken yet.
///
/// The limit is on everything that the guest writes, taken or not.
public struct OutputBuffer: Sendable {
    /// The bytes not taken yet.
    public private(set) var bytes: [UInt8] = []

    /// The most bytes that the guest may write in all.
    public var byteLimit: Int

    /// How many bytes may wait here before a guest that writes more has to wait itself; nil sets no bound.
    ///
    /// One write may go beyond it.
    public var highWater: Int?

    /// Bytes that the guest has written in all.
    public private(set) var writtenByteCount = 0

    /// Whether the guest tried to write more than the limit allows.
    ///
    /// The write that went over it stopped the guest with a trap, and left nothing here.
    public private(set) var limitWasExceeded = false

    /// The default of ``byteLimit``: 64 MiB.
    public static let byteLimitDefault = 64 << 20

    /// Makes an empty buffer.
    public init(byteLimit: Int = byteLimitDefault) {
        self.byteLimit = byteLimit
    }

    /// Takes the bytes out, so that a response can be sent while the guest goes on.
    public mutating func take() -> [UInt8] {
        let taken = bytes
        bytes = []
        return taken
    }

    /// Forgets everything and keeps the storage for the next use.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        writtenByteCount = 0
        limitWasExceeded = false
    }

    /// Whether a write would be taken at once.
    public var isReady: Bool { highWater.map { bytes.count < $0 } ?? true }

    /// Bytes that may still be written.
    var roomByteCount: Int { max(0, byteLimit - writtenByteCount) }

    /// Whether `count` more bytes are allowed; notes it when they are not.
    mutating func admit(_ count: Int) -> Bool {
        guard count <= roomByteCount else {
            limitWasExceeded = true
            return false
        }
        return true
    }

    /// Lends the storage to whoever appends at most the admitted bytes to it.
    mutating func append<R>(_ body: (inout [UInt8]) -> R) -> R {
        let before = bytes.count
        let result = body(&bytes)
        writtenByteCount &+= bytes.count &- before
        return result
    }
}
