import Foundation

/// A Zig compiler, which is also one for C with a WASI libc.
struct ZigProgram {
    private let program: String
    private let prefix: [String]

    /// Finds `zig`, or the Python package of that; nil when there is neither.
    init?(_ toolchain: Toolchain) {
        if let zig = toolchain.programs("zig").first {
            (program, prefix) = (zig, [])
            return
        }
        let python = toolchain.programs("python3").first {
            toolchain.answer($0, ["-c", "import ziglang"]) != nil
        }
        guard let python else { return nil }
        (program, prefix) = (python, ["-m", "ziglang"])
    }

    /// A run of it.
    func step(_ arguments: [String]) -> BuildPlan.Step {
        BuildPlan.Step(program: program, arguments: prefix + arguments)
    }
}

/// A compiler and linker for C and C++ programs that use WASI's libc.
struct CCompiler {
    /// The guest's stack: as large as most functions need, since each instance has one.
    static let stackBytes = 256 << 10

    /// Its name, for the reader.
    let title: String

    private enum Kind {
        case clang(String)
        case zig(ZigProgram)
    }

    private let kind: Kind

    /// Finds the WASI SDK's, else a clang that has the libc and its runtime, else Zig's; nil when there is none.
    init?(_ toolchain: Toolchain) {
        let sdk = toolchain.variable("WASI_SDK_PATH").map { ["\($0)/bin/clang"] } ?? []
        let clangs = toolchain.programs { name in
            name == "clang" || name.hasPrefix("clang-") && Int(name.dropFirst(6)) != nil
        }
        if let clang = (sdk + clangs).first(where: { Self.hasLibrary($0, toolchain) }) {
            (title, kind) = ("clang", .clang(clang))
        } else if let zig = ZigProgram(toolchain) {
            (title, kind) = ("Zig", .zig(zig))
        } else {
            return nil
        }
    }

    /// A run that compiles and links for WASI.
    func step(isPlusPlus: Bool = false, _ arguments: [String]) -> BuildPlan.Step {
        let common = ["-s", "-Wl,-z,stack-size=\(Self.stackBytes)"] + arguments
        switch kind {
        case .clang(let path):
            return BuildPlan.Step(
                program: isPlusPlus ? Self.plusPlus(path) : path,
                arguments: ["--target=wasm32-wasi"] + common
            )
        case .zig(let zig):
            return zig.step([isPlusPlus ? "c++" : "cc", "-target", "wasm32-wasi"] + common)
        }
    }

    /// Whether it finds its libc, and the functions that its own code calls.
    private static func hasLibrary(_ clang: String, _ toolchain: Toolchain) -> Bool {
        [["-print-file-name=libc.a"], ["-rtlib=compiler-rt", "-print-libgcc-file-name"]].allSatisfy
        {
            guard let path = toolchain.answer(clang, ["--target=wasm32-wasi"] + $0) else {
                return false
            }
            return path.contains("/") && FileManager.default.fileExists(atPath: path)
        }
    }

    /// `clang++-19` beside `clang-19`.
    private static func plusPlus(_ clang: String) -> String {
        let name = clang.split(separator: "/").last.map(String.init) ?? clang
        return String(clang.dropLast(name.count)) + name.replacing("clang", with: "clang++")
    }
}
