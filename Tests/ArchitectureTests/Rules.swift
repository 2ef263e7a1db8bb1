/// What the tree may look like: the tables of DESIGN that the compiler does not enforce.
enum Rules {
    /// The modules that a target's files may import, by folder of `Sources`.
    ///
    /// SwiftPM accepts an import of any target that is built already, declared or not.
    static let imports: [String: Set<String>] = [
        "CEmbedded": [],
        "CLinux": [],
        "CTemplates": [],
        "CZlib": [],
        "Linux": ["CLinux", "Glibc", "Synchronization"],
        "Wasm": ["Linux", "Glibc", "Synchronization"],
        "WasmText": ["Wasm"],
        "WASI": ["Wasm", "Linux", "Glibc", "Synchronization"],
        "HTTP": [],
        "Gzip": ["CZlib"],
        "HTTPWasm": ["HTTP", "WASI", "Wasm"],
        "HTTPServer": ["HTTP", "Linux", "Synchronization"],
        "Store": [
            "Linux", "Crypto", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "GRDB",
            "GRDBSQLite", "Synchronization",
        ],
        "Platform": [
            "Wasm", "WASI", "HTTPWasm", "HTTP", "Gzip", "Store", "Linux", "Crypto", "Histogram",
            "Synchronization",
        ],
        "Daemon": [
            "Gzip", "Wasm", "WasmText", "WASI", "HTTP", "HTTPServer", "Store", "Platform", "Linux",
            "CEmbedded", "Crypto",
            "Foundation", "FoundationEssentials", "FoundationNetworking", "Glibc", "Logging",
            "Synchronization",
        ],
        "roost": [
            "CTemplates", "Daemon", "Linux", "ArgumentParser", "Foundation",
            "FoundationNetworking", "Glibc", "Synchronization",
        ],
    ]

    /// Targets that never import one another, directly or through a third.
    static let strangers = ["Wasm", "HTTP", "Store"]

    /// Where `unsafe` expressions and `@safe` or `@unsafe` declarations may stand.
    static let unsafePlaces: [String] = [
        "Sources/Linux/",
        "Sources/Wasm/Execution/",
        // These two own translated code.
        "Sources/Wasm/Module.swift",
        "Sources/Wasm/Translation/Module+Translation.swift",
        // The statement layer: SQLite's C interface.
        "Sources/Store/Database/RowInserter.swift",
        // The same for what GRDB has no form of: virtual tables, limits, cheap aggregates.
        "Sources/Store/Query/",
        // Writes whole words where octets are.
        "Sources/HTTP/FieldLines.swift",
        // zlib's C interface.
        "Sources/Gzip/",
        // Bytes that the C compiler has put into the program.
        "Sources/Daemon/EmbeddedFile.swift",
        // Files that are constants of the program.
        "Sources/roost/Development/Template.swift",
    ]

    /// Where `@unchecked Sendable` and `nonisolated(unsafe)` may stand.
    static let uncheckedPlaces: [String] = [
        "Sources/Linux/",
        "Sources/Wasm/Execution/",
        "Sources/Wasm/Module.swift",
        // One thread at a time owns an invocation; the scheduler's queue hands it over.
        "Sources/Platform/Invocation.swift",
        // URLSession calls its delegate on one serial queue.
        "Sources/roost/DaemonClient.swift",
        "Sources/roost/Commands/LogsCommand.swift",
    ]

    /// A longer file is split, unless it is generated.
    static let fileLinesMax = 600

    /// Stands in the first lines of a generated file.
    static let generatedMark = "DO NOT EDIT"

    /// Marks of unfinished work.
    ///
    /// Spelled in two parts, so that this file has none.
    static let unfinishedMarks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]

    /// Names that say nothing about what a file holds.
    static let emptyNames = ["Utils", "Utilities", "Helper", "Helpers", "Manager", "Common"]

    /// A package that must not come in, directly or through another.
    static let forbiddenPackages = ["swift-nio"]

    /// What may stand at the top of the tree.
    ///
    /// Other hidden entries are local and ignored.
    static let topLevel: Set<String> = [
        "LICENSE", "Package.resolved", "Package.swift", "README.md", "Sources", "Tests", "config",
        "docs", "functions", "scripts",
    ]

    /// Folders of `Tests` that do not test one target.
    static let sharedTestFolders: Set<String> = [
        "ArchitectureTests", "EndToEndTests", "Fuzzing", "TestSupport",
    ]
}
