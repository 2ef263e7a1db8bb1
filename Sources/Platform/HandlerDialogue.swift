import HTTP
import HTTPWasm
import WASI
import Wasm

/// The dialogue with an http-wasm handler: it reads the request and makes the response by calls of its host, and may
/// leave the answer to a next handler.
final class HandlerDialogue: GuestDialogue {
    /// The variable whose value the guest gets as its configuration.
    static let configurationVariable = "HTTP_WASM_CONFIG"

    let context: WASIContext
    private let handler: HandlerContext
    /// What the guest gave out with the request, to get back with the response.
    private var requestContext: UInt32 = 0

    /// `uri` is the part of the target that is the function's.
    init(
        _ head: RequestHead,
        uri: @escaping () -> [UInt8],
        sourceAddress: @escaping () -> String,
        input: GuestInput,
        environment: GuestStrings,
        _ image: VersionImage,
        _ configuration: FunctionConfiguration
    ) {
        context = WASIContext(
            outputByteLimit: configuration.limits.outputBytes,
            logByteLimit: configuration.limits.logBytes
        )
        // The response is made by calls: what a handler prints is its log.
        context.standardOutput = .log
        context.begin(arguments: GuestStrings(), environment: environment, input: input)
        handler = HandlerContext(
            head,
            uri: uri,
            sourceAddress: sourceAddress,
            configuration: Self.configuration(of: configuration),
            features: image.handlerFeatures
        )
        context.companion = handler
    }

    static func configuration(of configuration: FunctionConfiguration) -> [UInt8] {
        let variable = configuration.environment.first { $0.name == configurationVariable }
        return Array((variable?.value ?? "").utf8)
    }

    func begin(
        _ instance: Instance,
        _ stack: ValueStack,
        fuelLimit: UInt64?
    ) throws(InvocationError) -> Execution {
        try Execution(
            instance,
            export: HandlerInterface.requestEntry,
            stack: stack,
            fuelLimit: fuelLimit,
            hostState: context
        )
    }

    func returned(_ results: [Value]) -> DialogueStep {
        guard handler.phase == .request, case .i64(let result)? = results.first,
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
        let (status, fields) = handler.takeHead()
        var head = AnswerHead(status: status, fields: Fields(capacity: 10))
        for index in 0..<fields.count {
            let name = fields.nameOctets(at: index)
            guard !AnswerHead.isPlatforms(name), !fields.isName(at: index, "content-length") else {
                continue
            }
            head.fields.append(name: name, value: fields.octets(at: index))
        }
        return head
    }

    func takeBody() -> [UInt8] { context.output.take() + handler.takeNextBody() }

    var hasOutput: Bool { !context.output.bytes.isEmpty }
}
