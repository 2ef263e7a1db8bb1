import Foundation

/// How a project becomes what is deployed: programs to run, one after another.
struct BuildPlan {
    /// One program's run, in the project's folder.
    struct Step: Equatable {
        /// The program's path.
        var program: String
        var arguments: [String]
        /// Variables that it gets beside this process's own.
        var environment: [String: String] = [:]
    }

    /// Where the result is.
    enum Product: Equatable {
        /// A file, as a path from the project's folder on.
        case file(String)
        /// The file that Cargo names in what it prints; it is copied to the project's module.
        case cargoArtifact
        /// The module that a script has left in the folder.
        case module
    }

    /// The compiler, for the reader.
    var tool: String
    var steps: [Step]
    var product: Product
}

extension Project {
    /// How to build this project with what is on this machine.
    ///
    /// Throws when a tool is missing; the failure says how to get it.
    func plan(_ toolchain: Toolchain) throws(Failure) -> BuildPlan {
        switch recipe {
        case .script(let path):
            BuildPlan(
                tool: "its script '\(Project.scriptName)'",
                steps: [BuildPlan.Step(program: path, arguments: [])],
                product: .module
            )
        case .language(.c): try planC(toolchain)
        case .language(.zig): try planZig(toolchain)
        case .language(.swift): try planSwift(toolchain)
        case .language(.rust): try planRust(toolchain)
        case .language(.go): try planGo(toolchain)
        case .language(.js): BuildPlan(tool: "", steps: [], product: .file(mainFile))
        case .language(.python): BuildPlan(tool: "", steps: [], product: .file(mainFile))
        }
    }

    /// The module's file, in the project's folder.
    var moduleName: String { "\(name).wasm" }

    private func planC(_ toolchain: Toolchain) throws(Failure) -> BuildPlan {
        let sources = sources(of: .c)
        let isPlusPlus = sources.contains { !$0.hasSuffix(".c") }
        guard let compiler = CCompiler(toolchain) else {
            throw Toolchain.missing("a C compiler for WASI", for: .c)
        }
        return BuildPlan(
            tool: compiler.title,
            steps: [
                compiler.step(
                    isPlusPlus: isPlusPlus,
                    ["-Os", "-Wall"] + (isPlusPlus ? ["-fno-exceptions"] : []) + sources
                        + ["-o", moduleName]
                )
            ],
            product: .file(moduleName)
        )
    }

    private func planZig(_ toolchain: Toolchain) throws(Failure) -> BuildPlan {
        guard let zig = ZigProgram(toolchain) else { throw Toolchain.missing("Zig", for: .zig) }
        return BuildPlan(
            tool: "Zig",
            steps: [
                zig.step([
                    "build-exe", mainFile, "-target", "wasm32-wasi", "-O", "ReleaseSmall",
                    "--stack", "\(CCompiler.stackBytes)", "-femit-bin=\(moduleName)",
                ])
            ],
            product: .file(moduleName)
        )
    }

    private func planSwift(_ toolchain: Toolchain) throws(Failure) -> BuildPlan {
        guard let (compiler, library) = embeddedSwift(toolchain) else {
            throw Toolchain.missing("a Swift compiler for WebAssembly", for: .swift)
        }
        guard let linker = CCompiler(toolchain) else {
            throw Toolchain.missing("a C compiler for WASI, to link with,", for: .swift)
        }
        let header = files.first { $0.hasSuffix(".h") }
        let object = "\(name).o"
        let tables = "\(library)/libswiftUnicodeDataTables.a"
        return BuildPlan(
            tool: "Swift",
            steps: [
                BuildPlan.Step(
                    program: compiler,
                    arguments: [
                        "-target", "wasm32-unknown-none-wasm", "-enable-experimental-feature",
                        "Embedded", "-wmo", "-Osize", "-parse-as-library",
                        // Which not every libc for WASI has the functions for.
                        "-Xfrontend", "-disable-stack-protector",
                    ] + (header.map { ["-import-objc-header", $0] } ?? [])
                        + ["-c"] + sources(of: .swift) + ["-o", object]
                ),
                linker.step([object, tables, "-o", moduleName]),
            ],
            product: .file(moduleName)
        )
    }

    /// The first compiler that has the embedded standard library for WebAssembly, and the folder of that.
    private func embeddedSwift(_ toolchain: Toolchain) -> (compiler: String, library: String)? {
        for compiler in toolchain.programs("swiftc") {
            guard let text = toolchain.answer(compiler, ["-print-target-info"]),
                let information = try? JSONSerialization.jsonObject(with: Data(text.utf8)),
                let paths = (information as? [String: Any])?["paths"] as? [String: Any],
                let resources = paths["runtimeResourcePath"] as? String
            else { continue }
            let library = "\(resources)/embedded/wasm32-unknown-none-wasm"
            if FileManager.default.fileExists(atPath: library) { return (compiler, library) }
        }
        return nil
    }

    private func planRust(_ toolchain: Toolchain) throws(Failure) -> BuildPlan {
        let programs = toolchain.programs("cargo")
        guard !programs.isEmpty else { throw Toolchain.missing("Cargo", for: .rust) }
        for cargo in programs {
            // The compiler beside it, whatever comes first in the path.
            let compiler = String(cargo.dropLast("cargo".count)) + "rustc"
            // The name until Rust 1.77 was the second.
            for target in ["wasm32-wasip1", "wasm32-wasi"]
            where hasStandardLibrary(compiler, target, toolchain) {
                return BuildPlan(
                    tool: "Cargo",
                    steps: [
                        BuildPlan.Step(
                            program: cargo,
                            arguments: [
                                "build", "--quiet", "--release", "--target", target,
                                "--message-format",
                                "json-render-diagnostics",
                            ],
                            environment: ["RUSTC": compiler]
                        )
                    ],
                    product: .cargoArtifact
                )
            }
        }
        throw Toolchain.missing("Rust's standard library for wasm32-wasip1", for: .rust)
    }

    private func hasStandardLibrary(
        _ compiler: String,
        _ target: String,
        _ toolchain: Toolchain
    ) -> Bool {
        let query = ["--print", "target-libdir", "--target", target]
        guard let folder = toolchain.answer(compiler, query) else { return false }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.contains { $0.hasPrefix("libstd") }
    }

    private func planGo(_ toolchain: Toolchain) throws(Failure) -> BuildPlan {
        guard let go = toolchain.programs("go").first else {
            throw Toolchain.missing("Go", for: .go)
        }
        return BuildPlan(
            tool: "Go",
            steps: [
                BuildPlan.Step(
                    program: go,
                    arguments: ["build", "-trimpath", "-ldflags=-s -w", "-o", moduleName, "."],
                    environment: ["GOOS": "wasip1", "GOARCH": "wasm"]
                )
            ],
            product: .file(moduleName)
        )
    }
}
