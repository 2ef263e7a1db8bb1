/// The features of WebAssembly that are recognised in the binary and refused by name.
///
/// All refusals of features are made here, so that a module's author learns which feature it is
/// and not merely that a byte is wrong.
enum UnsupportedFeature: String {
    case simd = "SIMD"
    case atomics = "threads and atomics"
    case sharedMemory = "shared memories (threads)"
    case tailCalls = "tail calls"
    case exceptions = "exception handling"
    case legacyExceptions = "legacy exception handling"
    case typedReferences = "typed function references"
    case garbageCollection = "garbage collection"
    case memory64 = "64-bit memories and tables (memory64)"
    case multipleMemories = "multiple memories"
    case compactImports = "the compact form of imports"

    /// Refuses something of a module: `subject` is the instruction, type or section.
    func refusal(_ subject: String, at offset: Int) -> ModuleError {
        ModuleError(
            .unsupported,
            "this module uses \(rawValue) (\(subject)), which this engine does not have yet\(advice)",
            at: offset
        )
    }

    /// What the module's author can do about it.
    private var advice: String {
        switch self {
        case .legacyExceptions: "; to use the standard form, recompile with \(standardExceptions)"
        default: ""
        }
    }

    private var standardExceptions: String { "-mllvm -wasm-use-legacy-eh=false" }
}

// MARK: - Instructions

extension UnsupportedFeature {
    /// Why a byte is no instruction that the engine has: an unsupported feature's, or none at all.
    ///
    /// Reads the rest of the instruction's code from `reader`.
    static func instruction(
        _ opcode: UInt8,
        at offset: Int,
        _ reader: inout BinaryReader
    ) -> ModuleError {
        if let feature = feature(ofPrefix: opcode) {
            do throws(ModuleError) {
                let number = try reader.u32()
                guard let name = InstructionNames.name(prefix: opcode, number) else {
                    return illegal(opcode, number, at: offset)
                }
                return feature.refusal(name, at: offset)
            } catch {
                return error
            }
        }
        guard let feature = feature(of: opcode) else {
            let code = hexadecimal(UInt32(opcode))
            return ModuleError(.malformed, "illegal opcode \(code)", at: offset)
        }
        return feature.refusal(InstructionNames.name(of: opcode) ?? "", at: offset)
    }

    /// The error for a prefix byte followed by a number that selects nothing.
    static func illegal(_ prefix: UInt8, _ number: UInt32, at offset: Int) -> ModuleError {
        let code = "\(hexadecimal(UInt32(prefix))) \(hexadecimal(number))"
        return ModuleError(.malformed, "illegal opcode \(code)", at: offset)
    }

    private static func feature(ofPrefix prefix: UInt8) -> UnsupportedFeature? {
        switch prefix {
        case 0xFB: .garbageCollection
        case 0xFD: .simd
        case 0xFE: .atomics
        default: nil
        }
    }

    private static func feature(of opcode: UInt8) -> UnsupportedFeature? {
        switch opcode {
        case 0x06, 0x07, 0x09, 0x18, 0x19: .legacyExceptions
        case 0x08, 0x0A, 0x1F: .exceptions
        case 0x12, 0x13: .tailCalls
        case 0x14, 0x15, 0xD4, 0xD5, 0xD6: .typedReferences
        case 0xD3: .garbageCollection
        default: nil
        }
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return digits.utf8.count < 2 ? "0" + digits : digits
    }
}

// MARK: - Types

extension UnsupportedFeature {
    /// Why a byte is no value type or reference type that the engine has; nil when it is none of
    /// WebAssembly either.
    static func type(_ code: UInt8, at offset: Int) -> ModuleError? {
        switch code {
        case 0x7B: simd.refusal("v128", at: offset)
        case 0x78: garbageCollection.refusal("i8", at: offset)
        case 0x77: garbageCollection.refusal("i16", at: offset)
        case 0x74: exceptions.refusal("nullexnref", at: offset)
        case 0x73: garbageCollection.refusal("nullfuncref", at: offset)
        case 0x72: garbageCollection.refusal("nullexternref", at: offset)
        case 0x71: garbageCollection.refusal("nullref", at: offset)
        case 0x6E: garbageCollection.refusal("anyref", at: offset)
        case 0x6D: garbageCollection.refusal("eqref", at: offset)
        case 0x6C: garbageCollection.refusal("i31ref", at: offset)
        case 0x6B: garbageCollection.refusal("structref", at: offset)
        case 0x6A: garbageCollection.refusal("arrayref", at: offset)
        case 0x69: exceptions.refusal("exnref", at: offset)
        case 0x64: typedReferences.refusal("ref", at: offset)
        case 0x63: typedReferences.refusal("ref null", at: offset)
        default: nil
        }
    }

    /// Why a byte does not begin a function type; nil when it begins no type of WebAssembly.
    static func typeForm(_ code: UInt8, at offset: Int) -> ModuleError? {
        switch code {
        case 0x5F: garbageCollection.refusal("struct", at: offset)
        case 0x5E: garbageCollection.refusal("array", at: offset)
        case 0x50, 0x4F: garbageCollection.refusal("sub", at: offset)
        case 0x4E: garbageCollection.refusal("rec", at: offset)
        default: nil
        }
    }
}
