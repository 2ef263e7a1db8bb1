public import FoundationEssentials

/// A call that was accepted to be made later.
public struct AsyncCall: Equatable, Sendable {
    /// How far a call is.
    public enum State: String, CaseIterable, Sendable {
        /// It is to be made, for the first time or again.
        case waiting
        /// It was made; its result is kept for a while.
        case done
        /// It failed as often as it may: somebody has to look at it.
        case dead
    }

    /// What a function answered.
    public struct Result: Equatable, Sendable {
        public var status: Int
        /// The header fields as octets of HTTP/1.1.
        public var fields: Data
        public var body: Data
        /// Whether the body was longer than what is kept of it.
        public var isTruncated: Bool

        /// Makes a result.
        public init(status: Int, fields: Data, body: Data, isTruncated: Bool) {
            self.status = status
            self.fields = fields
            self.body = body
            self.isTruncated = isTruncated
        }
    }

    public let id: String
    public let function: String
    /// The version that the request named by its number; nil when an alias decides at the time of the call.
    public let version: Int?
    /// The request's head as octets of HTTP/1.1.
    public let head: Data
    public let body: Data
    public let clientAddress: String
    public let createdAt: Timestamp
    public var state = State.waiting
    /// How often it has been made.
    public var attempts = 0
    /// When it is to be made (again).
    public var dueAt: Timestamp
    public var endedAt: Timestamp?
    /// Why it failed last.
    public var error: String?
    public var result: Result?

    /// Makes a call that is due.
    public init(
        id: String,
        function: String,
        version: Int? = nil,
        head: Data,
        body: Data,
        clientAddress: String,
        createdAt: Timestamp = .now()
    ) {
        self.id = id
        self.function = function
        self.version = version
        self.head = head
        self.body = body
        self.clientAddress = clientAddress
        self.createdAt = createdAt
        dueAt = createdAt
    }
}
