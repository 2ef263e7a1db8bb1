import Testing

@testable import Wasm

/// Modules whose imports are not there, by the thousand.
struct LinkTests {
    private func link(_ imported: [(module: String, name: String)]) throws -> LinkError? {
        var module = ModuleBuilder()
        module.types = [ModuleBuilder.functionType([], [])]
        module.imports = imported.map { module, name in
            ModuleBuilder.name(module) + ModuleBuilder.name(name) + [0x00, 0x00]
        }
        var imports = Imports()
        let type = FunctionType([.i32])
        imports.define("env", "log_line", HostFunction(type) { _ in .finished })
        let decoded = try Module(module.bytes)
        return #expect(throws: LinkError.self) { try decoded.link(imports) }
    }

    @Test(arguments: [(1, 1, 0), (10, 10, 0), (100, 100, 0), (101, 100, 1), (3_000, 100, 2_900)])
    func `an error lists the first problems and counts the others`(
        count: Int,
        listed: Int,
        omitted: Int
    ) throws {
        // One more that is there, but of another type.
        let missing = (1..<count).map { _ in (module: "env", name: "log_lime") }
        let error = try #require(try link([(module: "env", name: "log_line")] + missing))
        #expect(error.problems.count == listed)
        #expect(error.omittedCount == omitted)
        #expect(error.problems.first?.isMissing == false)
        let description = error.description
        #expect(description.hasSuffix("; … and \(omitted) more") == (omitted > 0))
        #expect(description.utf8.count < listed * 100 + 100)
    }

    @Test func `similar names are looked for only for the first problems`() throws {
        let missing = [(module: String, name: String)](
            repeating: (module: "env", name: "log_lime"),
            count: 30
        )
        let error = try #require(try link(missing))
        let suggesting = error.problems.prefix { $0.reason.contains("did you mean log_line?") }
        #expect(suggesting.count == 10)
        #expect(error.problems.dropFirst(10).allSatisfy { $0.reason == "unknown import" })
    }

    @Test func `an error shows the beginning of long names`() throws {
        let long = String(repeating: "n", count: 10_000)
        let error = try #require(try link([(module: long, name: long)]))
        let cut = String(repeating: "n", count: 256) + "…"
        #expect(error.problems.first?.module == cut)
        #expect(error.problems.first?.name == cut)
        #expect(error.description.utf8.count < 1_500)
    }
}
