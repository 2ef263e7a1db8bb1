import HTTP
import Store
import Wasm

/// Why the platform, and not the guest, answers a request.
enum InvocationFailure {
    case trap(Trap)
    /// The guest ended itself with a code other than zero, and perhaps said why.
    case exit(Int32, reason: String?, Trap?)
    case fuel(limit: UInt64, Trap)
    /// The trap tells where the guest was; nil when it had not begun, or waited for another function.
    case timeout(milliseconds: Int, waited: Bool, Trap?)
    /// The guest failed after it had asked for more memory than it may have.
    case memory(limit: Int, cause: String, Trap?)
    case badOutput(String, Trap? = nil)
    case functionFull(concurrency: Int, queue: Int)
    case platformFull
    case draining
    /// The function was deleted after the request had come, and before it was in memory.
    case withdrawn
    /// The function's secrets cannot be opened: their key is missing, or is another one.
    case sealed
    case unavailable(String)
    /// What is stored of the version is damaged: it serves no more until it is mended.
    case quarantined(version: Int, reason: String)

    /// What the record says.
    var outcome: InvocationOutcome {
        switch self {
        case .trap, .exit, .unavailable, .sealed, .quarantined: .trap
        case .fuel: .fuel
        case .timeout: .timeout
        case .memory: .memory
        case .badOutput: .badOutput
        case .functionFull, .platformFull, .draining: .overloaded
        case .withdrawn: .canceled
        }
    }

    /// The value of `X-Function-Error`; nil when the function has no part in it.
    var errorName: String? {
        switch self {
        case .unavailable, .withdrawn, .sealed, .quarantined: nil
        default: outcome.rawValue
        }
    }

    var status: Status {
        switch self {
        case .trap, .exit, .memory, .badOutput: .badGateway
        case .fuel, .timeout: .gatewayTimeout
        case .functionFull: .tooManyRequests
        case .platformFull, .draining, .withdrawn, .sealed, .quarantined: .serviceUnavailable
        case .unavailable: .internalServerError
        }
    }

    /// After how many seconds another try makes sense; nil when that is not known.
    var retryAfterSeconds: Int? {
        switch self {
        case .functionFull, .platformFull, .withdrawn: 1
        case .draining: 5
        default: nil
        }
    }

    var detail: String {
        switch self {
        case .trap(let trap):
            "the function trapped: \(trap)"
        case .exit(_, let reason?, _):
            "the script failed: \(reason)"
        case .exit(let code, nil, _):
            "the function exited with code \(code)"
        case .fuel(let limit, _):
            "the function used all of its limits.fuel of \(limit) instructions"
        case .timeout(let milliseconds, false, _):
            "the function did not finish within its limits.timeoutMs of \(milliseconds)"
        case .timeout(let milliseconds, true, _):
            "the request waited for its turn for the function's limits.timeoutMs of "
                + "\(milliseconds)"
        case .memory(let limit, let cause, _):
            "the function needed more than its limits.memoryBytes of \(limit), and failed: "
                + cause
        case .badOutput(let reason, _):
            "the function's output is not a response: \(reason)"
        case .functionFull(let concurrency, let queue):
            "the function runs \(concurrency) invocations and has \(queue) waiting, "
                + "as many as it may"
        case .platformFull:
            "the platform runs as many invocations as it may"
        case .draining:
            "the platform is shutting down"
        case .withdrawn:
            "the function, or this version of it, was deleted meanwhile"
        case .sealed:
            "the function's secrets cannot be opened: the daemon's key for them is missing or another one, or a value was lost"
        case .unavailable(let reason):
            "the function could not be loaded: \(reason)"
        case .quarantined(let version, let reason):
            "version \(version) of the function is quarantined: \(reason)"
        }
    }

    /// Where the guest was when it failed.
    var trap: Trap? {
        switch self {
        case .trap(let trap), .fuel(_, let trap): trap
        case .exit(_, _, let trap), .timeout(_, _, let trap), .memory(_, _, let trap),
            .badOutput(_, let trap):
            trap
        default: nil
        }
    }

    private var title: String {
        switch self {
        case .trap, .exit: "Function failed"
        case .fuel: "Function out of fuel"
        case .timeout: "Function timed out"
        case .memory: "Function out of memory"
        case .badOutput: "Function answered badly"
        case .functionFull, .platformFull, .draining: "Overloaded"
        case .quarantined: "Function quarantined"
        case .withdrawn, .sealed, .unavailable: "Function unavailable"
        }
    }

    private var kind: String {
        if case .quarantined = self { return "quarantined" }
        return errorName ?? "unavailable"
    }

    /// The problem document (RFC 9457).
    ///
    /// `shown` is what of the guest it may tell.
    func problem(requestIdentifier: String, showing shown: GuestFigures?) -> [UInt8] {
        var json = JSONText()
        json.object { json in
            json.member("type", "urn:roost:problem:\(kind)")
            json.member("title", title)
            json.member("status", status.code)
            json.member("detail", detail)
            json.member("instance", "/v1/invocations/\(requestIdentifier)")
            json.member("requestId", requestIdentifier)
            guard let shown else { return }
            if let trap {
                json.key("trap")
                TrapReport.write(trap, shown, to: &json)
            }
            json.key("log")
            json.array { json in
                for line in shown.lastLines { json.string(line) }
            }
        }
        return json.bytes
    }
}
