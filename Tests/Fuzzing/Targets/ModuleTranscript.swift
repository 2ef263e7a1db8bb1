public import Wasm

/// What came of running everything that a module exports, in lines that can be compared.
///
/// Another engine that follows the specification, and passes the same arguments, writes the same
/// lines; `scripts/differential_oracle.py` is one. A line that ends in `cut` says that a limit of
/// this host was reached: what would follow depends on the engine, so that nothing follows.
public struct ModuleTranscript {
    /// The lines, without their ends.
    public private(set) var lines: [String] = []

    /// What a module may use while it is run.
    private enum Limits {
        static let memoryBytesMax = 64 << 20
        static let fuel: UInt64 = 200_000
        /// Work of bulk instructions costs no fuel, but ends slices.
        static let slicesMax = 128
    }

    private let stack: ValueStack

    /// Decodes, validates, instantiates and runs a module: each function twice, in a fresh instance.
    ///
    /// No execution may be under way on `stack`. Takes a bounded time on any bytes.
    public init(of bytes: [UInt8], stack: ValueStack) {
        self.stack = stack
        guard let instance = instantiate(bytes), start(instance) else { return }
        let snapshot = instance.capture()
        lines += Self.state(instance)
        for (index, export) in instance.module.exports.enumerated() {
            guard case .function(let type) = export.type else { continue }
            let called = Self.run(instance, index, export.name, type, stack)
            lines += called
            if called.last?.hasSuffix("cut") ?? false { return }
            // An instance that was reset, or made from a snapshot, behaves like a fresh one.
            instance.reset(to: snapshot)
            guard let restored = try? Instance(snapshot, limits: Self.limits) else {
                lines.append("cannot be restored")
                return
            }
            if Self.run(restored, index, export.name, type, stack) != called {
                lines.append("differs when restored")
            }
        }
    }

    private static var limits: InstanceLimits {
        var limits = InstanceLimits(memoryBytesMax: Limits.memoryBytesMax)
        limits.tableElementsMax = 1_000_000
        return limits
    }

    // MARK: - Instantiation

    private mutating func instantiate(_ bytes: [UInt8]) -> Instance? {
        let module: Module
        do throws(ModuleError) {
            module = try Module(bytes)
        } catch {
            lines.append(error.kind == .limit ? "limit cut" : "invalid")
            return nil
        }
        guard let linked = try? module.link(Imports()) else {
            lines.append("unlinkable")
            return nil
        }
        do throws(InstantiationError) {
            return try Instance(linked, limits: Self.limits)
        } catch {
            if case .segmentOutOfBounds(let kind, _) = error {
                lines.append("start trap \(Self.word(kind) ?? "")")
            } else {
                lines.append("start cut")
            }
            return nil
        }
    }

    /// Runs the start function; false when nothing can be run afterwards.
    private mutating func start(_ instance: Instance) -> Bool {
        guard let start = Execution(start: instance, stack: stack, fuelLimit: Limits.fuel) else {
            return true
        }
        let outcome = Self.finish(start, [])
        guard outcome == "ok" else {
            lines.append("start \(outcome)")
            return false
        }
        return true
    }

    // MARK: - Calls

    private static func run(
        _ instance: Instance,
        _ index: Int,
        _ name: String,
        _ type: FunctionType,
        _ stack: ValueStack
    ) -> [String] {
        var lines: [String] = []
        for set in 0..<2 {
            let outcome = call(instance, name, type, set: set, stack)
            lines.append("\(index).\(set) \(outcome)")
            if outcome == "cut" { return lines }
        }
        return lines + (instance.growthWasRefused ? ["growth cut"] : state(instance))
    }

    /// The exported globals and memories.
    private static func state(_ instance: Instance) -> [String] {
        var lines: [String] = []
        for (index, export) in instance.module.exports.enumerated() {
            if case .global(let type) = export.type,
                let global = instance.global(named: export.name)
            {
                lines.append("\(index) global \(text(global.value, type.value))")
            } else if let memory = instance.memory(named: export.name) {
                let count = UInt32(clamping: memory.byteCount)
                let checksum = memory.guest.withBytes(at: 0, count: count) { CRC32.checksum($0) }
                lines.append("\(index) memory \(memory.byteCount) \(checksum ?? 0)")
            }
        }
        return lines
    }

    private static func call(
        _ instance: Instance,
        _ name: String,
        _ type: FunctionType,
        set: Int,
        _ stack: ValueStack
    ) -> String {
        var arguments: [Value] = []
        for parameter in type.parameters {
            guard let argument = argument(parameter, set: set) else { return "skip" }
            arguments.append(argument)
        }
        let execution = try? Execution(
            instance,
            export: name,
            arguments: arguments,
            stack: stack,
            fuelLimit: Limits.fuel
        )
        guard let execution else { return "refused" }
        return finish(execution, type.results)
    }

    private static func finish(_ execution: Execution, _ types: [ValueType]) -> String {
        for _ in 0..<Limits.slicesMax {
            switch execution.resume(budget: 0) {
            case .outOfBudget: continue
            case .finished:
                let texts = zip(execution.results, types).map { " " + text($0, $1) }
                return "ok" + texts.joined()
            case .trapped(let trap): return word(trap.kind).map { "trap \($0)" } ?? "cut"
            case .waiting, .exited: return "cut"
            }
        }
        return "cut"
    }

    /// The argument of a type; nil when the host cannot make one.
    private static func argument(_ type: ValueType, set: Int) -> Value? {
        switch type {
        case .i32: return .i32(set == 0 ? 7 : -2)
        case .i64: return .i64(set == 0 ? -3 : .max)
        case .f32: return .f32(bits: (set == 0 ? 1.5 : Float(-0.0)).bitPattern)
        case .f64: return .f64(bits: (set == 0 ? -2.25 : 1e300).bitPattern)
        case .v128:
            return set == 0
                ? .v128(V128(low: 0x0123_4567_89AB_CDEF, high: 0xFEDC_BA98_7654_3210))
                : .v128(V128(low: .max, high: 0x8000_0000_7F80_0000))
        case .reference(let reference):
            switch reference.heapType {
            case .external: return .externalReference(5)
            case .any, .equal, .i31: return .anyReference(.i31(set == 0 ? 7 : 0x7FFF_FFFE))
            default: return reference.isNullable ? Value.zero(of: type) : nil
            }
        }
    }

    // MARK: - Text

    private static func text(_ value: Value, _ type: ValueType) -> String {
        switch value {
        case .i32(let value): "i32:\(value)"
        case .i64(let value): "i64:\(value)"
        case .f32(let bits): Float(bitPattern: bits).isNaN ? "f32:nan" : "f32:\(bits)"
        case .f64(let bits): Double(bitPattern: bits).isNaN ? "f64:nan" : "f64:\(bits)"
        case .v128(let vector): "v128:\(vector.low):\(vector.high)"
        case .functionReference(nil), .externalReference(nil), .anyReference(nil): "null"
        case .functionReference: "func"
        case .externalReference(let number?): "extern:\(number)"
        case .anyReference(let reference?): isExternal(type) ? "extern" : text(reference)
        }
    }

    private static func isExternal(_ type: ValueType) -> Bool {
        guard case .reference(let reference) = type else { return false }
        return reference.heapType == .external
    }

    private static func text(_ reference: AnyReference) -> String {
        switch reference {
        case .i31(let bits): "i31:\(bits)"
        case .host: "host"
        case .object(let object):
            switch object.kind {
            case .structure: "struct"
            case .array: "array"
            case .exception: "exn"
            }
        }
    }

    /// A word for why a guest was stopped, as coarse as engines agree on; nil for limits of the host.
    private static func word(_ kind: Trap.Kind) -> String? {
        switch kind {
        case .unreachable: "unreachable"
        case .integerDivideByZero: "divide"
        case .integerOverflow: "overflow"
        case .invalidConversionToInteger: "conversion"
        case .memoryOutOfBounds: "memory"
        case .tableOutOfBounds, .undefinedElement: "table"
        case .uninitializedElement: "uninitialized"
        case .indirectCallTypeMismatch: "signature"
        case .nullFunctionReference, .nullReference, .nullExceptionReference, .nullStructure,
            .nullArray, .nullI31:
            "null"
        case .uncaughtException: "exception"
        case .arrayOutOfBounds: "array"
        case .castFailure: "cast"
        case .heapExhausted, .callStackExhausted, .outOfFuel, .host, .exited, .interrupted: nil
        }
    }
}
