import Foundation
import Linux

/// The compilers of this machine, as the environment has them.
struct Toolchain {
    private let environment: [String: String]

    /// The toolchain that the environment names by `PATH` and `WASI_SDK_PATH`.
    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.environment = environment
    }

    /// The programs of a name, in the order in which they are found.
    func programs(_ name: String) -> [String] { programs { $0 == name } }

    /// The programs whose names fit, in the order of the folders that have them.
    func programs(_ fits: (String) -> Bool) -> [String] {
        let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        return folders.flatMap { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: String(folder))) ?? []
            return names.filter(fits).sorted().map { "\(folder)/\($0)" }
                .filter { FileManager.default.isExecutableFile(atPath: $0) }
        }
    }

    /// What a program prints, without the line's end; nil when it fails.
    func answer(_ program: String, _ arguments: [String]) -> String? {
        guard let output = try? MemoryFile(name: "output", contents: []),
            let errors = try? MemoryFile(name: "errors", contents: []),
            let process = try? Subprocess(
                executable: program,
                arguments: arguments,
                environment: variables(setting: [:]),
                folder: "/",
                output: output.descriptor,
                errors: errors.descriptor
            ),
            process.wait() == .exited(0),
            let printed = try? output.contents(limit: 1 << 20)
        else { return nil }
        return String(decoding: printed, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The environment as `NAME=VALUE`, with some variables set otherwise.
    func variables(setting others: [String: String]) -> [String] {
        environment.merging(others) { $1 }.map { "\($0.key)=\($0.value)" }.sorted()
    }

    /// The value of a variable that is not empty.
    func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    // MARK: - What is missing

    /// How to get a language's compiler, as a list of alternatives.
    static func advice(for language: Language) -> String {
        switch language {
        case .c:
            "Zig (`python3 -m pip install ziglang`), the WASI SDK (`WASI_SDK_PATH`), or clang with wasi-libc "
                + "(Debian: `apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32`)"
        case .zig:
            "Zig 0.17 (`python3 -m pip install ziglang`, or https://ziglang.org/download)"
        case .swift:
            "a Swift toolchain of swift.org with Embedded Swift for WebAssembly (https://swift.org/install), "
                + "and a C compiler for WASI to link with, such as Zig (`python3 -m pip install ziglang`)"
        case .rust:
            "Cargo and the standard library for wasm32-wasip1 (https://rustup.rs, then "
                + "`rustup target add wasm32-wasip1`; Debian: `apt-get install cargo libstd-rust-dev-wasm32 lld`)"
        case .go:
            "Go 1.21 or later (https://go.dev/dl)"
        case .js, .python:
            "nothing"
        }
    }

    /// The failure for a tool that is not there.
    static func missing(_ tool: String, for language: Language) -> Failure {
        Failure(
            code: .missingTool,
            message: "\(tool) is missing: get \(advice(for: language))"
        )
    }
}
