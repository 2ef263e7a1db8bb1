import HTTP
import WASI
import Wasm

/// One request as a guest is told of it through its interface, and what the guest answers.
///
/// Used by one thread at a time.
protocol GuestDialogue: AnyObject {
    /// What the guest sees of the outside: its input, its log, its clocks.
    var context: WASIContext { get }

    /// Prepares the call that gives the guest the request.
    func begin(
        _ instance: Instance,
        _ stack: ValueStack,
        fuelLimit: UInt64?
    ) throws(InvocationError) -> Execution

    /// Makes what the guest reads first: on its own time, as everything that is made when a guest asks for it.
    func giveRequest()

    /// The call has returned.
    func returned(from call: Execution) -> DialogueStep

    /// Takes the head of the answer: once, when it is complete; nil while it is not.
    ///
    /// Nothing more comes when `isFinal`.
    func takeHead(isFinal: Bool) throws(BadAnswer) -> AnswerHead?

    /// Takes what there is of the answer's body; only after its head.
    func takeBody() -> [UInt8]

    /// Whether something waits to be taken.
    var hasOutput: Bool { get }

    /// Why the guest exited with a code, if it said so.
    var exitReason: String? { get }
}

extension GuestDialogue {
    func giveRequest() {}

    var exitReason: String? { nil }
}

/// What is to be done when a guest's call has returned.
enum DialogueStep {
    /// The answer is complete.
    case answered
    /// The next function is to be asked, and its response given to the handler.
    case askNext(HandlerDialogue)
}

/// The status and fields of a guest's answer.
struct AnswerHead {
    var status = Status.ok
    var fields = Fields()
    /// The body's length in octets, if the guest told it.
    var length: Int?

    /// Whether a guest may not set a field: it concerns the connection (RFC 9110 §7.6.1) or its framing, which are the
    /// server's, or tells what the platform found.
    static func isPlatforms(_ name: ArraySlice<UInt8>) -> Bool {
        func matches(_ other: String) -> Bool { HeaderByte.matches(name, other) }
        return switch name.count {
        case 2: matches("te")
        case 7: matches("trailer") || matches("upgrade") || matches("x-start")
        case 10: matches("connection") || matches("keep-alive")
        case 11: matches("x-fuel-used")
        case 12: matches("x-request-id")
        case 16: matches("proxy-connection") || matches("x-function-error")
        case 17: matches("transfer-encoding")
        case 18: matches("x-function-version")
        default: false
        }
    }
}

/// Why what a guest answered is not a response.
struct BadAnswer: Error, CustomStringConvertible {
    let description: String
}

/// The dialogue with a WASI command, which speaks CGI on its standard streams (RFC 3875).
final class CGIDialogue: GuestDialogue {
    let context: WASIContext
    private let entry: ExportedFunction?
    /// What was written after the head.
    private var bodyStart: [UInt8]?

    init(
        _ entry: ExportedFunction?,
        input: GuestInput,
        limits: FunctionConfiguration.Limits,
        strings: @escaping WASIContext.StringsMaker
    ) {
        self.entry = entry
        context = WASIContext(
            outputByteLimit: limits.outputBytes,
            logByteLimit: limits.logBytes,
            input: input,
            strings: strings
        )
    }

    func begin(
        _ instance: Instance,
        _ stack: ValueStack,
        fuelLimit: UInt64?
    ) throws(InvocationError) -> Execution {
        guard let entry else { throw .unknownExport(GuestInterface.commandEntry) }
        return try Execution(
            instance,
            calling: entry,
            stack: stack,
            fuelLimit: fuelLimit,
            hostState: context
        )
    }

    func returned(from call: Execution) -> DialogueStep { .answered }

    func takeHead(isFinal: Bool) throws(BadAnswer) -> AnswerHead? {
        do throws(CGIResponse.Invalid) {
            let answer = try CGIResponse(parsing: context.output.bytes)
            let output = context.output.take()
            bodyStart = answer.bodyStart < output.count ? Array(output[answer.bodyStart...]) : []
            return AnswerHead(
                status: Status(answer.status) ?? .badGateway,
                fields: answer.fields,
                length: answer.contentLength
            )
        } catch {
            if !isFinal, error.mayBecomeValid { return nil }
            throw BadAnswer(description: error.description)
        }
    }

    func takeBody() -> [UInt8] {
        guard let bodyStart else { return context.output.take() }
        self.bodyStart = nil
        return bodyStart + context.output.take()
    }

    var hasOutput: Bool { !(bodyStart ?? []).isEmpty || !context.output.bytes.isEmpty }
}
