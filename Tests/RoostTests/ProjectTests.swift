import Foundation
import TestSupport
import Testing

@testable import roost

/// How a folder is told to be built, with compilers that are made up.
struct ProjectTests {
    /// The folders of a test, which would go with their last use.
    private final class Folders {
        private var folders: [ScratchFolder] = []

        func make() throws -> ScratchFolder {
            let folder = try ScratchFolder()
            folders.append(folder)
            return folder
        }
    }

    private let folders = Folders()

    private func project(_ files: [String], name: String? = "greet") throws -> (
        ScratchFolder, Project
    ) {
        let folder = try folders.make()
        for file in files {
            let url = URL(filePath: folder.file(file))
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data().write(to: url)
        }
        return (folder, try Project(folder: folder.path, name: name))
    }

    /// A folder with programs, each a script for the shell, and the toolchain that has them only.
    private func toolchain(_ programs: [String: String]) throws -> (ScratchFolder, Toolchain) {
        let folder = try folders.make()
        for (name, script) in programs {
            try folder.writeProgram("#!/bin/sh\n\(script)\n", to: name)
        }
        return (folder, Toolchain(environment: ["PATH": folder.path]))
    }

    @Test func `a language may be called by its name, or by an ending`() {
        let words = ["js", "JavaScript", "py", "rs", "cpp", "Go", "cobol", ""]
        #expect(
            words.map { Language(argument: $0) } == [.js, .js, .python, .rust, .c, .go, nil, nil]
        )
    }

    @Test(arguments: [
        (["Cargo.toml", "src/main.rs", "helper.py"], Language.rust),
        (["go.mod", "main.go", "cgo.c"], .go), (["a.cpp", "b.h"], .c), (["src/a.c"], .c),
        (["main.zig"], .zig), (["Function.swift", "libc.h"], .swift), (["index.js"], .js),
        (["app.py", "README.md"], .python),
    ])
    func `the language is told from the files`(_ row: ([String], Language)) throws {
        let (_, project) = try project(row.0)
        #expect(project.recipe == .language(row.1))
    }

    @Test(arguments: [
        ([], "nothing to build"), (["README.md", ".hidden.c"], "nothing to build"),
        (["a.c", "b.zig"], "sources in C and Zig"),
    ])
    func `a folder without a language, or with two, is refused`(_ row: ([String], String)) throws {
        let error = #expect(throws: Failure.self) { _ = try project(row.0) }
        #expect(error?.message.contains(row.1) == true)
    }

    @Test func `a folder that is named unlike a function needs a name`() throws {
        let folder = try folders.make()
        let path = folder.file("My Function")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try Data().write(to: URL(filePath: "\(path)/a.c"))
        let error = #expect(throws: Failure.self) { _ = try Project(folder: path, name: nil) }
        #expect(error?.message.contains("'My Function' is not a function's name") == true)
        #expect(error?.message.contains("--name") == true)
        #expect(try Project(folder: path, name: "mine").name == "mine")
    }

    @Test func `settings give the name`() throws {
        let (folder, _) = try project(["a.c"])
        try folder.write("// A comment.\n{\"name\": \"other\",}", to: "roost.json")
        #expect(try Project(folder: folder.path, name: nil).name == "other")
        #expect(try Project(folder: folder.path, name: "given").name == "given")
        try folder.write("[]", to: "roost.json")
        #expect(throws: Failure.self) { _ = try Project(folder: folder.path, name: nil) }
    }

    @Test(arguments: [
        Language.c, .zig, .swift, .rust, .go,
    ])
    func `a compiler that is missing is named, with the way to get it`(_ language: Language) throws
    {
        let (_, project) = try project([language.projectFile ?? language.mainFile])
        let (_, nothing) = try toolchain([:])
        let error = #expect(throws: Failure.self) { _ = try project.plan(nothing) }
        #expect(error?.code == .missingTool)
        #expect(error?.message.contains("is missing") == true)
        #expect(error?.message.contains(Toolchain.advice(for: language)) == true)
    }

    @Test func `scripts are deployed as they are`() throws {
        for (file, language) in [("index.js", Language.js), ("app.py", .python)] {
            let (_, project) = try project([file])
            let plan = try project.plan(try toolchain([:]).1)
            #expect(project.recipe == .language(language))
            #expect(plan.steps.isEmpty)
            #expect(plan.product == .file(file))
        }
    }

    @Test func `C is compiled by a clang that has a libc for WASI, else by Zig`() throws {
        let (_, project) = try project(["b.c", "a.c"])
        let (bare, withZig) = try toolchain(["clang": "echo libc.a", "zig": ""])
        let zig = try #require(try project.plan(withZig).steps.first)
        #expect(zig.program == bare.file("zig"))
        #expect(zig.arguments.starts(with: ["cc", "-target", "wasm32-wasi"]))
        #expect(zig.arguments.suffix(4) == ["a.c", "b.c", "-o", "greet.wasm"])
        let (full, withClang) = try toolchain(["clang-19": "echo $0", "zig": ""])
        let clang = try #require(try project.plan(withClang).steps.first)
        #expect(clang.program == full.file("clang-19"))
        #expect(clang.arguments.first == "--target=wasm32-wasi")
    }

    @Test func `C++ is compiled by the compiler for that`() throws {
        let (_, project) = try project(["a.cc"])
        let (folder, tools) = try toolchain(["clang-19": "echo $0"])
        let step = try #require(try project.plan(tools).steps.first)
        #expect(step.program == folder.file("clang++-19"))
        #expect(step.arguments.contains("-fno-exceptions"))
    }

    @Test func `Rust is built by the Cargo whose compiler has the standard library`() throws {
        let (_, project) = try project(["Cargo.toml"])
        let library = try folders.make()
        try library.write("", to: "libstd-1.rlib")
        let (_, none) = try toolchain(["cargo": "", "rustc": "echo /nowhere"])
        #expect(throws: Failure.self) { _ = try project.plan(none) }
        // The older name of the target only.
        let script = "[ $4 = wasm32-wasi ] && echo \(library.path)"
        let (folder, old) = try toolchain(["cargo": "", "rustc": script])
        let step = try #require(try project.plan(old).steps.first)
        #expect(step.program == folder.file("cargo"))
        #expect(step.arguments.contains("wasm32-wasi"))
        #expect(step.environment == ["RUSTC": folder.file("rustc")])
    }

    @Test func `Cargo's own word says which file is the program`() throws {
        let (folder, project) = try project(["Cargo.toml"])
        let library = try folders.make()
        try library.write("", to: "libstd-1.rlib")
        try library.write("made", to: "any.wasm")
        let artifact =
            #"{"reason":"compiler-artifact","executable":"\#(library.file("any.wasm"))"}"#
        let tools = try toolchain([
            "rustc": "echo \(library.path)",
            "cargo": "echo '{\"executable\":null}'; echo '\(artifact)'",
        ])
        let product = try Build(project, toolchain: tools.1).run(ProgressBar(quiet: true))
        #expect(product == folder.file("greet.wasm"))
        #expect(folder.text(of: "greet.wasm") == "made")
    }

    @Test func `an executable script builds what it likes`() throws {
        let (folder, _) = try project(["main.c"])
        try folder.write("", to: "build")
        // A file that is not executable is no script.
        #expect(try Project(folder: folder.path, name: "greet").recipe == .language(.c))
        try folder.writeProgram("#!/bin/sh\nprintf x >\"$OUT.wasm\"\n", to: "build")
        let scripted = try Project(folder: folder.path, name: "greet")
        #expect(scripted.recipe == .script(folder.file("build")))
        func build(_ out: String) throws -> String {
            let environment = ["PATH": "/bin:/usr/bin", "OUT": out]
            return try Build(scripted, toolchain: Toolchain(environment: environment))
                .run(ProgressBar(quiet: true))
        }
        #expect(try build("other") == folder.file("other.wasm"))
        #expect(try build("greet") == folder.file("greet.wasm"))
    }

    @Test func `a compiler that fails is a failure with its code`() throws {
        let (_, project) = try project(["main.zig"])
        let (_, tools) = try toolchain(["zig": "exit 7"])
        let error = #expect(throws: Failure.self) {
            _ = try Build(project, toolchain: tools).run(ProgressBar(quiet: true))
        }
        #expect(error?.code == .badData)
        #expect(error?.message.contains("Zig ended with code 7") == true)
    }

    @Test(arguments: [
        ("main.c", false), ("a.wasm", true), ("a.o", true), (".git", true),
        ("target", true), (".main.c.swp", true), ("main.c~", true), ("4913", true), ("#a#", true),
    ])
    func `what tools leave is no source`(_ row: (String, Bool)) {
        #expect(Project.ignores(row.0) == row.1)
    }
}
