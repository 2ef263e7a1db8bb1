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
        if let address { body += [0x41] + Self.signed(Int64(address)) }
        for argument in arguments {
            switch argument {
            case .i32(let value): body += [0x41] + Self.signed(Int64(value))
            case .i64(let value): body += [0x42] + Self.signed(value)
            }
        }
        body += [0x10] + Self.unsigned(index)
        if address != nil {
            body += [0x36, 2, 0]
        } else if hasResult {
            body += [0x1A]
        }
    }

    /// The module; every function is imported from `moduleName`.
    func bytes(importing moduleName: String) -> [UInt8] {
        let types = functions.map { function in
            [0x60] + Self.vector(function.parameters.map { [$0] })
                + (function.hasResult ? [1, 0x7F] : [0])
        }
        let imports = functions.indices.map { index in
            Self.name(moduleName) + Self.name(functions[index].name) + [0] + Self.unsigned(index)
        }
        let start = functions.count
        // One local counts the repetitions of a loop around the calls.
        let count = [0x20, 0, 0x41, 1, 0x6A, 0x22, 0, 0x41] + Self.signed(Int64(repetitions))
        let code = [1, 1, 0x7F, 0x03, 0x40] + body + count + [0x49, 0x0D, 0, 0x0B, 0x0B]
        let exports = [
            Self.name("_start") + [0] + Self.unsigned(start), Self.name("memory") + [2, 0],
        ]
        let segments = data.map { segment in
            [0, 0x41] + Self.signed(Int64(segment.address)) + [0x0B]
                + Self.unsigned(segment.bytes.count) + segment.bytes
        }
        return [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]
            + Self.section(1, Self.vector(types + [[0x60, 0, 0]]))
            + Self.section(2, Self.vector(imports))
            + Self.section(3, Self.vector([Self.unsigned(start)]))
            + Self.section(5, [1, 0, 1])
            + Self.section(7, Self.vector(exports))
            + Self.section(10, Self.vector([Self.unsigned(code.count) + code]))
            + Self.section(11, Self.vector(segments))
    }

    private static func section(_ id: UInt8, _ content: [UInt8]) -> [UInt8] {
        [id] + unsigned(content.count) + content
    }

    private static func vector(_ elements: [[UInt8]]) -> [UInt8] {
        unsigned(elements.count) + elements.flatMap { $0 }
    }

    private static func name(_ text: String) -> [UInt8] {
        unsigned(text.utf8.count) + Array(text.utf8)
    }

    private static func unsigned(_ value: Int) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        repeat {
            let low = UInt8(rest & 0x7F)
            rest >>= 7
            bytes.append(rest == 0 ? low : low | 0x80)
        } while rest != 0
        return bytes
    }

    private static func signed(_ value: Int64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while true {
            let low = UInt8(truncatingIfNeeded: rest & 0x7F)
            rest >>= 7
            if (rest == 0 && low & 0x40 == 0) || (rest == -1 && low & 0x40 != 0) {
                return bytes + [low]
            }
            bytes.append(low | 0x80)
        }
    }
}
