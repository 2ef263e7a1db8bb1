import TestSupport

/// Builds small binary modules: imported functions, one page of memory, and a `_start`.
struct ModuleBuilder {
    /// One call of an imported function with constant arguments.
    struct Call {
        let function: String
        let arguments: [Argument]
        /// Where the answer is stored, as 32 bits; nil drops it.
        var answerAddress: Int32?
    }

    enum Argument {
        case i32(Int32)
        case i64(Int64)
    }

    /// How often `_start` goes through its calls.
    var repetitions: Int32 = 1

    private var functions: [(name: String, parameters: [UInt8], hasResult: Bool)] = []
    private var data: [(address: Int32, bytes: [UInt8])] = []
    private var body: [UInt8] = []

    /// Places bytes into the memory at instantiation.
    mutating func place(_ bytes: [UInt8], at address: Int32) { data.append((address, bytes)) }

    /// Places 32-bit integers.
    mutating func place(words: [UInt32], at address: Int32) {
        let bytes = words.flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
        }
        place(bytes, at: address)
    }

    /// Adds a call to `_start`, importing the function when it is new.
    mutating func call(_ function: String, _ arguments: Argument..., storing address: Int32? = nil)
    {
        let hasResult = function != "proc_exit"
        let index: Int
        if let known = functions.firstIndex(where: { $0.name == function }) {
            index = known
        } else {
            index = functions.count
            let types: [UInt8] = arguments.map {
                if case .i32 = $0 { 0x7F } else { 0x7E }
            }
            functions.append((function, types, hasResult))
        }
        if let address { body += [0x41] + ModuleEncoding.signed(Int64(address)) }
        for argument in arguments {
            switch argument {
            case .i32(let value): body += [0x41] + ModuleEncoding.signed(Int64(value))
            case .i64(let value): body += [0x42] + ModuleEncoding.signed(value)
            }
        }
        body += [0x10] + ModuleEncoding.unsigned(index)
        if address != nil {
            body += [0x36, 2, 0]
        } else if hasResult {
            body += [0x1A]
        }
    }

    /// The module; every function is imported from `moduleName`.
    func bytes(importing moduleName: String) -> [UInt8] {
        let types = functions.map { function in
            [0x60] + ModuleEncoding.vector(function.parameters.map { [$0] })
                + (function.hasResult ? [1, 0x7F] : [0])
        }
        let imports = functions.indices.map { index in
            ModuleEncoding.name(moduleName) + ModuleEncoding.name(functions[index].name) + [0]
                + ModuleEncoding.unsigned(index)
        }
        let start = functions.count
        // One local counts the repetitions of a loop around the calls.
        let count =
            [0x20, 0, 0x41, 1, 0x6A, 0x22, 0, 0x41] + ModuleEncoding.signed(Int64(repetitions))
        let code = [1, 1, 0x7F, 0x03, 0x40] + body + count + [0x49, 0x0D, 0, 0x0B, 0x0B]
        let exports = [
            ModuleEncoding.name("_start") + [0] + ModuleEncoding.unsigned(start),
            ModuleEncoding.name("memory") + [2, 0],
        ]
        let segments = data.map { segment in
            [0, 0x41] + ModuleEncoding.signed(Int64(segment.address)) + [0x0B]
                + ModuleEncoding.unsigned(segment.bytes.count) + segment.bytes
        }
        return ModuleEncoding.header
            + ModuleEncoding.section(1, ModuleEncoding.vector(types + [[0x60, 0, 0]]))
            + ModuleEncoding.section(2, ModuleEncoding.vector(imports))
            + ModuleEncoding.section(3, ModuleEncoding.vector([ModuleEncoding.unsigned(start)]))
            + ModuleEncoding.section(5, [1, 0, 1])
            + ModuleEncoding.section(7, ModuleEncoding.vector(exports))
            + ModuleEncoding.section(
                10,
                ModuleEncoding.vector([ModuleEncoding.unsigned(code.count) + code])
            )
            + ModuleEncoding.section(11, ModuleEncoding.vector(segments))
    }
}
