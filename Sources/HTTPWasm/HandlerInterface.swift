import HTTP
import WASI
public import Wasm

/// The host's side of the http-wasm handler interface (http-wasm.io, HTTP handler ABI).
///
/// An execution that calls these functions must have a ``WASIContext`` as its host state, with a ``HandlerContext``
/// as its companion. As the interface demands, a wrong address or a call at the wrong time stops the guest
/// like a trap, and a value that does not fit the guest's buffer is not written: only its length is told.
public enum HandlerInterface {
    /// The name under which guests import the functions.
    public static let moduleName = "http_handler"

    /// The functions that a guest exports.
    public static let requestEntry = "handle_request"
    public static let responseEntry = "handle_response"

    /// Defines every function.
    public static func define(in imports: inout Imports) {
        for (name, function) in functions { imports.define(moduleName, name, function) }
    }

    /// Every function, by name.
    public static let functions: [String: HostFunction] =
        administration.merging(requestLine) { $1 }.merging(fields) { $1 }.merging(bodies) { $1 }

    // MARK: - Administration

    private static var administration: [String: HostFunction] {
        [
            "enable_features": make([.i32], [.i32]) { guest, call throws(Misuse) in
                guest.handler.features.formUnion(
                    HandlerFeatures(rawValue: call.u32(0)).intersection(.supported)
                )
                call.setResult(0, .i32(Int32(HandlerFeatures.supported.rawValue)))
            },
            "get_config": make([.i32, .i32], [.i32]) { guest, call throws(Misuse) in
                try call.answer(guest.handler.configuration, at: 0)
            },
            "log_enabled": make([.i32], [.i32]) { _, call throws(Misuse) in
                call.setResult(0, .i32(LogLevel.isEnabled(call.i32(0)) ? 1 : 0))
            },
            "log": make([.i32, .i32, .i32], []) { guest, call throws(Misuse) in
                let level = call.i32(0)
                guard LogLevel.isEnabled(level) else { return }
                let text = LogLevel.prefix(level) + (try call.bytes(1))
                guest.context.log(text + [UInt8(ascii: "\n")], to: .log)
            },
        ]
    }

    // MARK: - The request line and the status

    private static var requestLine: [String: HostFunction] {
        [
            "get_method": make([.i32, .i32], [.i32]) { guest, call throws(Misuse) in
                try call.answer(guest.request().method, at: 0)
            },
            "set_method": make([.i32, .i32], []) { guest, call throws(Misuse) in
                try guest.mutableRequest().method = try call.bytes(0)
            },
            "get_uri": make([.i32, .i32], [.i32]) { guest, call throws(Misuse) in
                try call.answer(guest.request().uri, at: 0)
            },
            "set_uri": make([.i32, .i32], []) { guest, call throws(Misuse) in
                try guest.mutableRequest().uri = try call.bytes(0)
            },
            "get_protocol_version": make([.i32, .i32], [.i32]) { guest, call throws(Misuse) in
                try call.answer(Array(guest.request().version.utf8), at: 0)
            },
            "get_source_addr": make([.i32, .i32], [.i32]) { guest, call throws(Misuse) in
                try call.answer(Array(guest.request().sourceAddress.utf8), at: 0)
            },
            "get_status_code": make([], [.i32]) { guest, call throws(Misuse) in
                call.setResult(0, .i32(Int32(try guest.request().status.code)))
            },
            "set_status_code": make([.i32], []) { guest, call throws(Misuse) in
                guard let status = Status(Int(call.i32(0))), !status.isInformational else {
                    throw Misuse("the status \(call.i32(0)) is not one of 200 to 599")
                }
                try guest.mutableResponse().status = status
            },
        ]
    }

    // MARK: - Fields

    private static var fields: [String: HostFunction] {
        [
            "get_header_names": make([.i32, .i32, .i32], [.i64]) { guest, call throws(Misuse) in
                let fields = try guest.fields(call.u32(0))
                var names: [[UInt8]] = []
                for index in 0..<fields.count {
                    let name = Array(fields.name(at: index).lowercased().utf8)
                    if !names.contains(name) { names.append(name) }
                }
                try call.answer(list: names, at: 1)
            },
            "get_header_values": make([.i32, .i32, .i32, .i32, .i32], [.i64]) {
                guest,
                call throws(Misuse) in
                let fields = try guest.fields(call.u32(0))
                let name = try call.text(1)
                let values = (0..<fields.count).filter { fields.isName(at: $0, name) }
                    .map { Array(fields.octets(at: $0)) }
                try call.answer(list: values, at: 3)
            },
            "set_header_value": make([.i32, .i32, .i32, .i32, .i32], []) {
                guest,
                call throws(Misuse) in
                try guest.addField(call, replacesOthers: true)
            },
            "add_header_value": make([.i32, .i32, .i32, .i32, .i32], []) {
                guest,
                call throws(Misuse) in
                try guest.addField(call, replacesOthers: false)
            },
            "remove_header": make([.i32, .i32, .i32], []) { guest, call throws(Misuse) in
                let name = try call.text(1)
                try guest.change(call.u32(0)) { $0.remove(name) }
            },
        ]
    }

    // MARK: - Bodies

    private static var bodies: [String: HostFunction] {
        [
            "read_body": makeSuspendable([.i32, .i32, .i32], [.i64]) {
                guest,
                call throws(Misuse) in
                try guest.readBody(&call)
            },
            "write_body": makeSuspendable([.i32, .i32, .i32], []) { guest, call throws(Misuse) in
                try guest.writeBody(&call)
            },
        ]
    }

    // MARK: - Making functions

    private static func make(
        _ parameters: [ValueType],
        _ results: [ValueType],
        _ body: @escaping @Sendable (Guest, inout HostCall) throws(Misuse) -> Void
    ) -> HostFunction {
        makeSuspendable(parameters, results) { guest, call throws(Misuse) in
            try body(guest, &call)
            return .finished
        }
    }

    private static func makeSuspendable(
        _ parameters: [ValueType],
        _ results: [ValueType],
        _ body: @escaping @Sendable (Guest, inout HostCall) throws(Misuse) -> HostResult
    ) -> HostFunction {
        HostFunction(FunctionType(parameters, results)) { call in
            guard let context = call.hostState as? WASIContext,
                let handler = context.companion as? HandlerContext
            else { return .trap("there is no request to handle") }
            do throws(Misuse) {
                return try body(Guest(context: context, handler: handler), &call)
            } catch {
                return .trap(error.reason)
            }
        }
    }
}

/// A call that the interface does not allow.
struct Misuse: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// The levels of a guest's log.
private enum LogLevel {
    /// Debug (-1) is not kept; none (3) is no level to log at.
    static func isEnabled(_ level: Int32) -> Bool { (0...2).contains(level) }

    static func prefix(_ level: Int32) -> [UInt8] {
        switch level {
        case 1: Array("warn: ".utf8)
        case 2: Array("error: ".utf8)
        default: []
        }
    }
}

extension HostCall {
    /// The bytes whose address and length are the arguments from an index on.
    func bytes(_ index: Int) throws(Misuse) -> [UInt8] {
        let (address, count) = try range(index)
        return memory.bytes(at: address, count: count) ?? []
    }

    /// The same bytes where they are, in the memory.
    func range(_ index: Int) throws(Misuse) -> (address: UInt32, count: UInt32) {
        let (address, count) = (u32(index), u32(index + 1))
        guard memory.contains(address, count: Int(count)) else {
            throw Misuse("\(count) bytes at \(address) lie outside of the memory")
        }
        return (address, count)
    }

    func text(_ index: Int) throws(Misuse) -> String {
        String(decoding: try bytes(index), as: UTF8.self)
    }

    /// Writes a value to the buffer whose address and size are the arguments from an index on, if it fits.
    mutating func answer(_ value: [UInt8], at index: Int) throws(Misuse) {
        try write(value, at: index)
        setResult(0, .i32(Int32(truncatingIfNeeded: value.count)))
    }

    /// Writes values, each with a NUL behind it.
    mutating func answer(list values: [[UInt8]], at index: Int) throws(Misuse) {
        var bytes: [UInt8] = []
        for value in values { bytes += value + [0] }
        try write(bytes, at: index)
        setResult(0, .i64(Int64(values.count) << 32 | Int64(bytes.count)))
    }

    private mutating func write(_ bytes: [UInt8], at index: Int) throws(Misuse) {
        let (address, limit) = (u32(index), u32(index + 1))
        surcharge &+= Int64(bytes.count / 8)
        guard bytes.count <= Int(limit), !bytes.isEmpty else { return }
        guard memory.write(bytes, at: address) else {
            throw Misuse("\(bytes.count) bytes at \(address) lie outside of the memory")
        }
    }
}
