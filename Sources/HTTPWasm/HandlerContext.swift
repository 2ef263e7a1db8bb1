public import HTTP
import WASI

/// What one guest sees of a request through the http-wasm handler interface, and what it makes of the response.
///
/// The guest's ``WASIContext`` carries it as its companion: that has the request's body as input, the response's
/// body as output, and the log. Used by one thread at a time.
public final class HandlerContext {
    /// How far a request has come.
    public enum Phase: Sendable {
        /// The module is being initialised: there is no request.
        case initialising
        /// `handle_request` runs.
        case request
        /// `handle_response` runs.
        case response
    }

    /// The request, from which is made what few guests ask for; nil while the module is initialised.
    public unowned var request: (any HandlerRequest)?

    /// The method; a guest may set another for the next handler.
    public internal(set) lazy var method = Array((request?.head.method.rawValue ?? "").utf8)
    /// The path and query as they were sent; a guest may set another for the next handler.
    public internal(set) lazy var uri = request?.uri ?? []
    /// The request's fields; a guest may set others for the next handler.
    public internal(set) lazy var requestFields = request?.head.fields ?? Fields()
    /// What the guest wrote as the next handler's body; nil: it wrote none.
    public internal(set) var requestBody: [UInt8]?
    public internal(set) var status = Status.ok
    // With room for those that the platform adds.
    public internal(set) var responseFields = Fields(capacity: 10)

    /// What the guest may tell apart of a host's abilities, as it asked for them.
    public internal(set) var features: HandlerFeatures
    public private(set) var phase = Phase.initialising

    var version: String { request?.head.version == .http10 ? "HTTP/1.0" : "HTTP/1.1" }
    var sourceAddress: String { request?.sourceAddress ?? "" }
    let configuration: [UInt8]
    /// Whether the head of the response has been taken, and cannot be changed any more.
    var isCommitted = false
    /// The next handler's body, as far as the guest has not read it; nil: the guest wrote its own.
    var nextBody: GuestInput?
    /// Whether the guest has written a body in this phase.
    var hasWrittenBody = false

    /// Makes a context for initialising a module: whatever concerns a request stops the guest.
    public init(configuration: [UInt8]) {
        self.configuration = configuration
        features = []
    }

    /// Makes a context for a request, which is to be set then.
    ///
    /// `features` are those that the module asked for when it was initialised.
    public init(configuration: [UInt8], features: HandlerFeatures) {
        self.configuration = configuration
        self.features = features
        phase = .request
    }

    /// Gives the guest the next handler's response, before `handle_response` is called.
    ///
    /// Fields that the guest set before stay, unless the next handler has some of that name.
    public func takeNext(_ response: Response) {
        phase = .response
        hasWrittenBody = false
        status = response.status
        var fields = Fields()
        for index in 0..<responseFields.count
        where !response.fields.contains(responseFields.name(at: index)) {
            fields.append(responseFields.name(at: index), responseFields.value(at: index))
        }
        for index in 0..<response.fields.count {
            fields.append(response.fields.name(at: index), response.fields.value(at: index))
        }
        responseFields = fields
        nextBody = GuestInput(response.body)
    }

    /// Takes the response's status and fields; they cannot be changed from then on.
    ///
    /// `isFinal` says that the guest has ended, and does not read them any more either.
    public func takeHead(isFinal: Bool) -> (status: Status, fields: Fields) {
        isCommitted = true
        guard isFinal else { return (status, responseFields) }
        var fields = Fields()
        swap(&fields, &responseFields)
        return (status, fields)
    }

    /// Takes the part of the next handler's body that stands in the response.
    public func takeNextBody() -> [UInt8] {
        defer { nextBody = nil }
        return nextBody?.allBytes ?? []
    }
}

/// The request that a handler is called for, as far as it is not in its fields and its body.
public protocol HandlerRequest: AnyObject {
    var head: RequestHead { get }
    /// The path and query that the guest is to see.
    var uri: [UInt8] { get }
    /// The client's address as `host:port`.
    var sourceAddress: String { get }
}

/// What a guest may ask of its host.
public struct HandlerFeatures: OptionSet, Sendable {
    public let rawValue: UInt32

    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The next handler gets the body, though the guest has read it.
    public static let bufferRequest = HandlerFeatures(rawValue: 1 << 0)
    /// The guest may read and replace the next handler's response.
    public static let bufferResponse = HandlerFeatures(rawValue: 1 << 1)

    /// What this host has: all but trailers.
    public static let supported: HandlerFeatures = [.bufferRequest, .bufferResponse]
}
