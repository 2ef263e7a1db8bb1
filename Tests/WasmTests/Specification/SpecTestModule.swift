import Wasm

/// The module `spectest` that the scripts import from.
enum SpecTestModule {
    static func imports(_ heap: Heap) throws -> Imports {
        var imports = Imports()
        let instance = try Instance(try Module(bytes).link(Imports()), heap: heap)
        imports.define("spectest", exportsOf: instance)
        let prints: [(String, [ValueType])] = [
            ("print", []), ("print_i32", [.i32]), ("print_i64", [.i64]), ("print_f32", [.f32]),
            ("print_f64", [.f64]), ("print_i32_f32", [.i32, .f32]),
            ("print_f64_f64", [.f64, .f64]),
        ]
        for (name, parameters) in prints {
            imports.define(
                "spectest",
                name,
                HostFunction(FunctionType(parameters)) { _ in .finished }
            )
        }
        imports.define("spectest", "global_i32", Global(.i32(666), isMutable: false))
        imports.define("spectest", "global_i64", Global(.i64(666), isMutable: false))
        imports.define(
            "spectest",
            "global_f32",
            Global(.f32(bits: Float(666.6).bitPattern), isMutable: false)
        )
        imports.define(
            "spectest",
            "global_f64",
            Global(.f64(bits: Double(666.6).bitPattern), isMutable: false)
        )
        return imports
    }

    /// A module with the exports `(table 10 20 funcref)`, `(table i64 10 20 funcref)` and
    /// `(memory 1 2)`.
    private static let bytes: [UInt8] =
        [0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00]
        + [0x04, 0x09, 0x02, 0x70, 0x01, 0x0A, 0x14, 0x70, 0x05, 0x0A, 0x14]
        + [0x05, 0x04, 0x01, 0x01, 0x01, 0x02]
        + [0x07, 0x1C, 0x03]
        + [0x05] + Array("table".utf8) + [0x01, 0x00]
        + [0x07] + Array("table64".utf8) + [0x01, 0x01]
        + [0x06] + Array("memory".utf8) + [0x02, 0x00]
}
