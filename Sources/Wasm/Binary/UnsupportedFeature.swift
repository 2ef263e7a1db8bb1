/// The features of WebAssembly that are recognised in the binary and refused by name.
///
/// All refusals of features are made here, so that a module's author learns which feature it is
/// and not merely that a byte is wrong.
enum UnsupportedFeature: String {
    case atomics = "threads and atomics"
    case sharedMemory = "shared memories (threads)"
    case legacyExceptions = "legacy exception handling"
    case compactImports = "the compact form of imports"

    /// Refuses something of a module: `subject` is the instruction, type or section.
    func refusal(_ subject: String, at offset: Int) -> ModuleError {
        ModuleError(
            .unsupported,
            "this module uses \(rawValue) (\(subject)), \(explanation)",
            at: offset
        )
    }

    /// Why it is refused, and what the module's author can do about it.
    private var explanation: String {
        switch self {
        case .legacyExceptions:
            "which WebAssembly 3.0 has not taken over; recompile with -mllvm -wasm-use-legacy-eh=false "
                + "to use the standard form, try_table"
        case .atomics, .sharedMemory, .compactImports:
            "which is not part of WebAssembly 3.0"
        }
    }
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
        case 0xFE: .atomics
        default: nil
        }
    }

    private static func feature(of opcode: UInt8) -> UnsupportedFeature? {
        switch opcode {
        case 0x06, 0x07, 0x09, 0x18, 0x19: .legacyExceptions
        default: nil
        }
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return digits.utf8.count < 2 ? "0" + digits : digits
    }
}
