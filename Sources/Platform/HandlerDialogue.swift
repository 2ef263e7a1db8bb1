import HTTP
import HTTPWasm
import WASI
import Wasm

/// The dialogue with an http-wasm handler: it reads the request and makes the response by calls of its host, and may
/// leave the answer to a next handler.
final class HandlerDialogue: GuestDialogue, HandlerRequest {
    /// The variable whose value the guest gets as its configuration.
    static let configurationVariable = "HTTP_WASM_CONFIG"

    let context: WASIContext
    let head: RequestHead
    private let match: RouteMatch
    private let origin: RequestOrigin
    private let image: VersionImage
    private let handler: HandlerContext
    /// What the guest gave out with the request, to get back with the response.
    private var requestContext: UInt32 = 0

    init(
        _ head: RequestHead,
        _ match: RouteMatch,
        _ origin: RequestOrigin,
        input: GuestInput,
        environment: GuestStrings,
        _ image: VersionImage
    ) {
        self.head = head
        self.match = match
        self.origin = origin
        self.image = image
        let limits = match.version.configuration.limits
        context = WASIContext(
            outputByteLimit: limits.outputBytes,
            logByteLimit: limits.logBytes,
            environment: environment,
            input: input,
            // Set when the guest begins.
            startedAt: 0
        )
        // The response is made by calls: what a handler prints is its log.
        context.standardOutput = .log
        handler = HandlerContext(
            configuration: image.handlerConfiguration,
            features: image.handlerFeatures
        )
        handler.request = self
        context.companion = handler
    }

    /// The part of the target that is the function's.
    var uri: [UInt8] { match.rest(of: head) }

    var sourceAddress: String { origin.addressAndPort }

    static func configuration(of configuration: FunctionConfiguration) -> [UInt8] {
        let variable = configuration.environment.first { $0.name == configurationVariable }
        return Array((variable?.value ?? "").utf8)
    }

    func begin(
        _ instance: Instance,
        _ stack: ValueStack,
        fuelLimit: UInt64?
    ) throws(InvocationError) -> Execution {
        guard let entry = image.entry else {
            throw .unknownExport(HandlerInterface.requestEntry)
        }
        return try Execution(
            instance,
            calling: entry,
            stack: stack,
            fuelLimit: fuelLimit,
            hostState: context
        )
    }

    func returned(from call: Execution) -> DialogueStep {
        guard handler.phase == .request, case .i64(let result)? = call.firstResult,
            UInt32(truncatingIfNeeded: result) == 1
        else { return .answered }
        requestContext = UInt32(truncatingIfNeeded: result >> 32)
        return .askNext(self)
    }

    // MARK: - The next handler

    /// The request for the next handler as octets of HTTP/1.1, with its target beneath `prefix`.
    ///
    /// What the guest made of it may be no request: the parser tells.
    func nextRequest(prefix: String, body original: [UInt8]) -> (head: [UInt8], body: [UInt8]) {
        let body = handler.requestBody ?? original
        let head = RequestHead.octets(
            method: handler.method,
            target: Array(prefix.utf8) + handler.uri,
            fields: handler.requestFields,
            bodyByteCount: body.count
        )
        return (head, body)
    }

    /// Prepares the call that gives the guest the next handler's response.
    func beginResponse(
        _ response: Response,
        isError: Bool,
        _ instance: Instance,
        _ stack: ValueStack,
        fuelLimit: UInt64?
    ) throws(InvocationError) -> Execution {
        handler.takeNext(response)
        return try Execution(
            instance,
            export: HandlerInterface.responseEntry,
            arguments: [.i32(Int32(bitPattern: requestContext)), .i32(isError ? 1 : 0)],
            stack: stack,
            fuelLimit: fuelLimit,
            hostState: context
        )
    }

    // MARK: - The answer

    func takeHead(isFinal: Bool) throws(BadAnswer) -> AnswerHead? {
        // A handler may change its mind for as long as there is room to keep what it has written.
        guard isFinal || !context.output.isReady else { return nil }
        var (status, fields) = handler.takeHead(isFinal: isFinal)
        for index in (0..<fields.count).reversed()
        where AnswerHead.isPlatforms(fields.nameOctets(at: index))
            || fields.isName(at: index, "content-length")
        {
            fields.remove(at: index)
        }
        return AnswerHead(status: status, fields: fields)
    }

    func takeBody() -> [UInt8] { context.output.take() + handler.takeNextBody() }

    var hasOutput: Bool { !context.output.bytes.isEmpty }
}
