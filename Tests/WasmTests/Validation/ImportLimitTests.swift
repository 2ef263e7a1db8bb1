import Testing

@testable import Wasm

struct ImportLimitTests {
    @Test func `imported tables count as tables`() throws {
        var module = ModuleBuilder()
        let table = [0x01, ModuleBuilder.funcref, 0x00, 0x01]
        let entry = ModuleBuilder.name("env") + ModuleBuilder.name("t") + table
        var limits = ModuleLimits()
        limits.tablesMax = 2
        module.imports = [entry, entry]
        _ = try Module(module.bytes, limits: limits)
        module.imports.append(entry)
        let error = #expect(throws: ModuleError.self) { try Module(module.bytes, limits: limits) }
        #expect(error?.kind == .limit)
    }
}
