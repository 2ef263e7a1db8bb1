import TestSupport

/// Builds modules in the binary format for tests: every part is given as its bytes.
struct ModuleBuilder {
    static let header = ModuleEncoding.header

    /// One value type each.
    static let i32: UInt8 = 0x7F
    static let i64: UInt8 = 0x7E
    static let f32: UInt8 = 0x7D
    static let f64: UInt8 = 0x7C
    static let funcref: UInt8 = 0x70
    static let externref: UInt8 = 0x6F

    var types: [[UInt8]] = []
    var imports: [[UInt8]] = []
    var functions: [UInt32] = []
    var tables: [[UInt8]] = []
    var memories: [[UInt8]] = []
    var globals: [[UInt8]] = []
    var exports: [[UInt8]] = []
    var start: UInt32?
    var elements: [[UInt8]] = []
    var dataCount: UInt32?
    /// Locals and instructions, without the size.
    var bodies: [[UInt8]] = []
    var dataSegments: [[UInt8]] = []
    var customSections: [[UInt8]] = []

    /// The non-empty sections, in order, each with its number and size.
    var sections: [[UInt8]] {
        var sections: [[UInt8]] = []
        func add(_ id: UInt8, _ entries: [[UInt8]]) {
            if !entries.isEmpty { sections.append(Self.section(id, Self.vector(entries))) }
        }
        add(1, types)
        add(2, imports)
        add(3, functions.map(Self.leb))
        add(4, tables)
        add(5, memories)
        add(6, globals)
        add(7, exports)
        if let start { sections.append(Self.section(8, Self.leb(start))) }
        add(9, elements)
        if let dataCount { sections.append(Self.section(12, Self.leb(dataCount))) }
        add(10, bodies.map { Self.leb(UInt32($0.count)) + $0 })
        add(11, dataSegments)
        for contents in customSections { sections.append(Self.section(0, contents)) }
        return sections
    }

    var bytes: [UInt8] { Self.header + sections.flatMap { $0 } }

    /// Adds a function with a type and a body without locals; returns its index, not counting
    /// imports.
    @discardableResult
    mutating func addFunction(
        _ parameters: [UInt8] = [],
        _ results: [UInt8] = [],
        _ instructions: [UInt8]
    ) -> UInt32 {
        functions.append(UInt32(types.count))
        types.append(Self.functionType(parameters, results))
        bodies.append([0x00] + instructions)
        return UInt32(functions.count - 1)
    }

    // MARK: - Parts

    static func leb(_ value: UInt32) -> [UInt8] { ModuleEncoding.unsigned(Int(value)) }

    static func vector(_ entries: [[UInt8]]) -> [UInt8] { ModuleEncoding.vector(entries) }

    static func name(_ text: String) -> [UInt8] { ModuleEncoding.name(text) }

    static func section(_ id: UInt8, _ contents: [UInt8]) -> [UInt8] {
        ModuleEncoding.section(id, contents)
    }

    static func functionType(_ parameters: [UInt8], _ results: [UInt8]) -> [UInt8] {
        [0x60] + leb(UInt32(parameters.count)) + parameters + leb(UInt32(results.count)) + results
    }

    static func export(_ text: String, _ kind: UInt8, _ index: UInt32) -> [UInt8] {
        name(text) + [kind] + leb(index)
    }
}

extension ModuleBuilder {
    /// A valid module that has every section and most kinds of entries.
    static var complete: ModuleBuilder {
        var module = ModuleBuilder()
        module.types = [functionType([], []), functionType([i32, i64], [i64, f64])]
        module.imports = [
            name("env") + name("log") + [0x00, 0x00],
            name("env") + name("table") + [0x01, funcref, 0x01, 0x01, 0x08],
            name("env") + name("memory") + [0x02, 0x01, 0x01, 0x02],
            name("env") + name("base") + [0x03, i32, 0x00],
        ]
        module.functions = [0, 1]
        module.tables = [
            [externref, 0x00, 0x04], [0x40, 0x00, funcref, 0x00, 0x02, 0xD0, 0x70, 0x0B],
        ]
        module.globals = [
            [i32, 0x01, 0x23, 0x00, 0x41, 0x04, 0x6A, 0x0B],
            [f32, 0x00, 0x43, 0x00, 0x00, 0x80, 0x3F, 0x0B],
            [funcref, 0x00, 0xD2, 0x01, 0x0B],
        ]
        module.exports = [export("run", 0, 1), export("memory", 2, 0), export("g", 3, 1)]
        module.start = 1
        module.elements = [
            [0x00, 0x41, 0x00, 0x0B, 0x01, 0x01],
            [0x01, 0x00, 0x02, 0x00, 0x01],
            [0x02, 0x02, 0x23, 0x00, 0x0B, 0x00, 0x01, 0x02],
            [0x03, 0x00, 0x01, 0x02],
            [0x04, 0x41, 0x00, 0x0B, 0x02, 0xD0, 0x70, 0x0B, 0xD2, 0x01, 0x0B],
            [0x05, externref, 0x01, 0xD0, 0x6F, 0x0B],
            [0x06, 0x01, 0x41, 0x00, 0x0B, externref, 0x01, 0xD0, 0x6F, 0x0B],
            [0x07, funcref, 0x01, 0xD2, 0x02, 0x0B],
        ]
        module.dataCount = 3
        module.bodies = [
            [
                0x01, 0x03, i32,
                0x41, 0x05, 0x21, 0x00,
                0x02, 0x40, 0x03, 0x40, 0x20, 0x00, 0x0E, 0x01, 0x00, 0x01, 0x0B, 0x0B,
                0x41, 0x00, 0x28, 0x02, 0x04, 0x04, 0x40, 0x10, 0x00, 0x05, 0x01, 0x0B,
                0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0xFC, 0x08, 0x01, 0x00,
                0xFC, 0x09, 0x01, 0xD2, 0x02, 0xD1, 0x1A,
                0x41, 0x00, 0x11, 0x00, 0x00, 0x0B,
            ],
            [0x00, 0x20, 0x01, 0x44, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x0B],
        ]
        module.dataSegments = [
            [0x00, 0x41, 0x00, 0x0B, 0x02, 0x61, 0x62],
            [0x01, 0x01, 0x63],
            [0x02, 0x00, 0x23, 0x00, 0x0B, 0x00],
        ]
        module.customSections = [name("name") + [0x00, 0x02, 0x01, 0x6D]]
        return module
    }
}
