/// Builds small binary modules from function bodies written as opcode bytes.
struct TestModule {
    static let i32: UInt8 = 0x7F
    static let i64: UInt8 = 0x7E
    static let funcref: UInt8 = 0x70

    struct Function {
        var name: String
        var parameters: [UInt8] = []
        var results: [UInt8] = []
        var locals: [UInt8] = []
        /// The instructions without the final `end`.
        var body: [UInt8]
    }

    /// Imported functions; they come first in the index space.
    var imports: [(module: String, function: Function)] = []
    /// Exported under their names.
    var functions: [Function] = []
    /// The limits of memory 0, in pages.
    var memory: (minimum: Int, maximum: Int)?
    /// The size of table 0, whose elements are functions.
    var tableSize: Int?
    /// Functions placed in the table from its start on.
    var elements: [Int] = []
    /// Initial values of mutable i32 globals.
    var globals: [Int] = []
    /// Passive data segments.
    var passiveData: [[UInt8]] = []
    /// Active data segments at the start of memory 0.
    var activeData: [[UInt8]] = []
    var start: Int?
    var functionNames: [(Int, String)] = []

    var bytes: [UInt8] {
        let all = imports.map(\.function) + functions
        var sections: [(UInt8, [[UInt8]])] = [
            (1, all.map { [0x60] + Self.bytes($0.parameters) + Self.bytes($0.results) }),
            (
                2,
                imports.enumerated().map {
                    Self.name($1.module) + Self.name($1.function.name) + [0] + Self.leb($0)
                }
            ),
            (3, functions.indices.map { Self.leb(imports.count + $0) }),
        ]
        if let tableSize { sections.append((4, [[Self.funcref, 0] + Self.leb(tableSize)])) }
        if let memory {
            sections.append((5, [[1] + Self.leb(memory.minimum) + Self.leb(memory.maximum)]))
        }
        sections.append((6, globals.map { [Self.i32, 1, 0x41] + Self.leb(signed: $0) + [0x0B] }))
        var exports = functions.enumerated().map {
            Self.name($1.name) + [0] + Self.leb(imports.count + $0)
        }
        if memory != nil { exports.append(Self.name("memory") + [2, 0]) }
        sections.append((7, exports))
        var result: [UInt8] = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]
        for (id, entries) in sections where !entries.isEmpty {
            result += Self.section(id, Self.vector(entries))
        }
        if let start { result += Self.section(8, Self.leb(start)) }
        if !elements.isEmpty {
            let segment = [0, 0x41, 0, 0x0B] + Self.vector(elements.map { Self.leb($0) })
            result += Self.section(9, [1] + segment)
        }
        let data =
            activeData.map { [0, 0x41, 0, 0x0B] + Self.bytes($0) }
            + passiveData.map { [1] + Self.bytes($0) }
        if !data.isEmpty { result += Self.section(12, Self.leb(data.count)) }
        let bodies = functions.map { function in
            let locals = Self.vector(function.locals.map { [1, $0] })
            return Self.bytes(locals + function.body + [0x0B])
        }
        result += Self.section(10, Self.vector(bodies))
        if !data.isEmpty { result += Self.section(11, Self.vector(data)) }
        if !functionNames.isEmpty {
            let names = functionNames.map { Self.leb($0.0) + Self.name($0.1) }
            result += Self.section(0, Self.name("name") + Self.section(1, Self.vector(names)))
        }
        return result
    }

    static func leb(_ value: Int) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        repeat {
            let low = UInt8(rest & 0x7F)
            rest >>= 7
            bytes.append(rest == 0 ? low : low | 0x80)
        } while rest != 0
        return bytes
    }

    static func leb(signed value: Int) -> [UInt8] {
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

    static func bytes(_ content: [UInt8]) -> [UInt8] { leb(content.count) + content }

    private static func vector(_ entries: [[UInt8]]) -> [UInt8] {
        leb(entries.count) + entries.flatMap { $0 }
    }

    private static func name(_ text: String) -> [UInt8] { bytes(Array(text.utf8)) }

    private static func section(_ id: UInt8, _ content: [UInt8]) -> [UInt8] {
        [id] + bytes(content)
    }
}
