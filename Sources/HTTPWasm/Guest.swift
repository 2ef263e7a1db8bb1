import HTTP
import WASI
import Wasm

/// The two halves of what a guest's call works on.
struct Guest {
    let context: WASIContext
    let handler: HandlerContext

    /// The kinds of fields and bodies, as the interface numbers them.
    private enum Kind {
        static let request: UInt32 = 0
        static let response: UInt32 = 1
        static let requestTrailers: UInt32 = 2
        static let responseTrailers: UInt32 = 3
    }

    /// What one call moves of a body: a longer one moves this much, as its result says.
    private static let transferBytesMax = 1 << 20

    // MARK: - Rules

    func request() throws(Misuse) -> HandlerContext {
        guard handler.phase != .initialising else {
            throw Misuse("there is no request while the module is initialised")
        }
        return handler
    }

    func mutableRequest() throws(Misuse) -> HandlerContext {
        guard try request().phase == .request else {
            throw Misuse("the request cannot be changed after the next handler has had it")
        }
        return handler
    }

    func mutableResponse() throws(Misuse) -> HandlerContext {
        guard try !request().isCommitted else {
            throw Misuse("the response cannot be changed after so much of its body was written")
        }
        return handler
    }

    // MARK: - Fields

    func fields(_ kind: UInt32) throws(Misuse) -> Fields {
        switch kind {
        case Kind.request: try request().requestFields
        case Kind.response: try request().responseFields
        case Kind.requestTrailers, Kind.responseTrailers: Fields()
        default: throw Misuse("\(kind) is no kind of header")
        }
    }

    /// Appends a field line whose name and value are the arguments from the second on.
    func addField(_ call: HostCall, replacesOthers: Bool) throws(Misuse) {
        let name = try call.range(1)
        let value = try call.range(3)
        try change(call.u32(0)) { fields in
            fields.append(replacingOthers: replacesOthers) { octets in
                _ = call.memory.append(at: name.address, count: name.count, to: &octets)
            } value: { octets in
                _ = call.memory.append(at: value.address, count: value.count, to: &octets)
            }
        }
    }

    func change(_ kind: UInt32, _ body: (inout Fields) -> Void) throws(Misuse) {
        let isValid: Bool
        switch kind {
        case Kind.request:
            let handler = try mutableRequest()
            body(&handler.requestFields)
            isValid = handler.requestFields.isValid
        case Kind.response:
            let handler = try mutableResponse()
            body(&handler.responseFields)
            isValid = handler.responseFields.isValid
        default:
            throw Misuse("trailers are not supported")
        }
        // The guest is stopped: nobody sees what was changed.
        guard isValid else { throw Misuse("a header's name or value is malformed") }
    }

    // MARK: - Bodies

    /// `read_body`: waits while the request's has not arrived.
    func readBody(_ call: inout HostCall) throws(Misuse) -> HostResult {
        let (kind, address, limit) = (call.u32(0), call.u32(1), call.u32(2))
        guard limit > 0 else { throw Misuse("a body cannot be read into no room") }
        let count = min(Int(limit), Self.transferBytesMax)
        switch kind {
        case Kind.request:
            _ = try request()
            guard context.input.isReady else { return .wait(.input) }
            try deliver(&context.input, count, at: address, &call)
        case Kind.response:
            guard try request().phase == .response else {
                throw Misuse("there is no response to read before the next handler was asked")
            }
            var body = handler.nextBody ?? GuestInput()
            try deliver(&body, count, at: address, &call)
            handler.nextBody = handler.nextBody == nil ? nil : body
        default:
            throw Misuse("\(kind) is no kind of body")
        }
        return .finished
    }

    private func deliver(
        _ input: inout GuestInput,
        _ count: Int,
        at address: UInt32,
        _ call: inout HostCall
    ) throws(Misuse) {
        let bytes = input.read(upTo: count)
        guard call.memory.write(bytes, at: address) else {
            throw Misuse("\(bytes.count) bytes at \(address) lie outside of the memory")
        }
        let hasEnded = input.hasEnded && input.unreadByteCount == 0
        call.surcharge &+= Int64(bytes.count / 8)
        call.setResult(0, .i64((hasEnded ? 1 << 32 : 0) | Int64(bytes.count)))
    }

    /// `write_body`: the first call of a phase replaces what was there.
    func writeBody(_ call: inout HostCall) throws(Misuse) -> HostResult {
        let kind = call.u32(0)
        switch kind {
        case Kind.request:
            let handler = try mutableRequest()
            let body = try (handler.requestBody ?? []) + call.bytes(1)
            guard body.count <= context.output.byteLimit else {
                throw Misuse("the next handler's body exceeds limits.outputBytes")
            }
            call.surcharge &+= Int64(body.count / 8)
            handler.requestBody = body
        case Kind.response:
            _ = try request()
            guard context.output.isReady else { return .wait(.output) }
            let (address, count) = try call.range(1)
            if !handler.hasWrittenBody, !handler.isCommitted {
                handler.hasWrittenBody = true
                handler.nextBody = nil
                _ = context.output.take()
            }
            guard context.write(call.memory, at: address, count: count) else {
                return .trap("output exceeds the limit of \(context.output.byteLimit) bytes")
            }
            call.surcharge &+= Int64(count / 8)
        default:
            throw Misuse("\(kind) is no kind of body")
        }
        return .finished
    }
}
