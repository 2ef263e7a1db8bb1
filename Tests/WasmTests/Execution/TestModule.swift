import TestSupport

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
    /// The module that offers table 0, as `table`.
    var importsTable: String?
    /// Exported under their names.
    var functions: [Function] = []
    /// The limits of memory 0, in pages.
    var memory: (minimum: Int, maximum: Int)?
    /// The types of further memories, as the binary format has them.
    var moreMemories: [[UInt8]] = []
    /// The parameters of imported tags, which come first in the index space.
    var importedTags: [(module: String, name: String, parameters: [UInt8])] = []
    /// The parameters of tags, exported under their names.
    var tags: [(name: String, parameters: [UInt8])] = []
    /// The size of table 0, whose elements are functions.
    var tableSize: Int?
    /// Whether table 0 is exported, as `table`.
    var exportsTable = false
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

    /// The index of the type of the function with a name.
    func typeIndex(of name: String) -> UInt8 {
        let all = imports.map(\.function.name) + functions.map(\.name)
        return UInt8(all.firstIndex(of: name) ?? 0)
    }

    /// Imported and defined tags have their types behind those of functions.
    private func tagType(_ index: Int) -> [UInt8] {
        ModuleEncoding.unsigned(imports.count + functions.count + index)
    }

    var bytes: [UInt8] {
        let all = imports.map(\.function) + functions
        let allTags = importedTags.map(\.parameters) + tags.map(\.parameters)
        var sections: [(UInt8, [[UInt8]])] = [
            (
                1,
                all.map {
                    [0x60] + ModuleEncoding.counted($0.parameters)
                        + ModuleEncoding.counted($0.results)
                } + allTags.map { [0x60] + ModuleEncoding.counted($0) + [0] }
            ),
            (
                2,
                imports.enumerated().map {
                    ModuleEncoding.name($1.module) + ModuleEncoding.name($1.function.name) + [0]
                        + ModuleEncoding.unsigned($0)
                }
                    + (importsTable.map {
                        [
                            ModuleEncoding.name($0) + ModuleEncoding.name("table")
                                + [1, Self.funcref, 0, 0]
                        ]
                    } ?? [])
                    + importedTags.enumerated().map {
                        ModuleEncoding.name($1.module) + ModuleEncoding.name($1.name) + [4, 0]
                            + tagType($0)
                    }
            ),
            (3, functions.indices.map { ModuleEncoding.unsigned(imports.count + $0) }),
        ]
        if let tableSize {
            sections.append((4, [[Self.funcref, 0] + ModuleEncoding.unsigned(tableSize)]))
        }
        var memories = moreMemories
        if let memory {
            let limits = [memory.minimum, memory.maximum].flatMap(ModuleEncoding.unsigned)
            memories.insert([1] + limits, at: 0)
        }
        sections.append((5, memories))
        sections.append((13, tags.indices.map { [0] + tagType(importedTags.count + $0) }))
        sections.append(
            (6, globals.map { [Self.i32, 1, 0x41] + ModuleEncoding.signed(Int64($0)) + [0x0B] })
        )
        var exports = functions.enumerated().map {
            ModuleEncoding.name($1.name) + [0] + ModuleEncoding.unsigned(imports.count + $0)
        }
        if exportsTable { exports.append(ModuleEncoding.name("table") + [1, 0]) }
        exports += tags.enumerated().map {
            ModuleEncoding.name($1.name) + [4] + ModuleEncoding.unsigned(importedTags.count + $0)
        }
        if memory != nil { exports.append(ModuleEncoding.name("memory") + [2, 0]) }
        sections.append((7, exports))
        var result: [UInt8] = ModuleEncoding.header
        for (id, entries) in sections where !entries.isEmpty {
            result += ModuleEncoding.section(id, ModuleEncoding.vector(entries))
        }
        if let start { result += ModuleEncoding.section(8, ModuleEncoding.unsigned(start)) }
        if !elements.isEmpty {
            let segment =
                [0, 0x41, 0, 0x0B]
                + ModuleEncoding.vector(elements.map { ModuleEncoding.unsigned($0) })
            result += ModuleEncoding.section(9, [1] + segment)
        }
        let data =
            activeData.map { [0, 0x41, 0, 0x0B] + ModuleEncoding.counted($0) }
            + passiveData.map { [1] + ModuleEncoding.counted($0) }
        if !data.isEmpty {
            result += ModuleEncoding.section(12, ModuleEncoding.unsigned(data.count))
        }
        let bodies = functions.map { function in
            let locals = ModuleEncoding.vector(function.locals.map { [1, $0] })
            return ModuleEncoding.counted(locals + function.body + [0x0B])
        }
        result += ModuleEncoding.section(10, ModuleEncoding.vector(bodies))
        if !data.isEmpty { result += ModuleEncoding.section(11, ModuleEncoding.vector(data)) }
        if !functionNames.isEmpty {
            let names = functionNames.map {
                ModuleEncoding.unsigned($0.0) + ModuleEncoding.name($0.1)
            }
            result += ModuleEncoding.section(
                0,
                ModuleEncoding.name("name")
                    + ModuleEncoding.section(1, ModuleEncoding.vector(names))
            )
        }
        return result
    }
}
