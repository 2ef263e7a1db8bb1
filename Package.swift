// swift-tools-version: 6.3

import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .unsafeFlags(
        ["-enforce-exclusivity=unchecked", "-cross-module-optimization"],
        .when(configuration: .release)
    ),
]

// The engine is compiled with optimisation even in debug builds: an unoptimised interpreter is a
// hundred times slower, which would make the test suite unusable. Its blocks are aligned to 32
// bytes, since the placement of the handlers alone otherwise moves results by a factor of two; and
// every handler ends in a dispatch of its own instead of a jump to one that all share, which the
// processor's branch prediction rewards with up to five times the speed. docs/RATIONALE.md has the
// figures.
let engine: [SwiftSetting] =
    strict + [
        .unsafeFlags(
            ["-O"]
                + [
                    "-align-all-nofallthru-blocks=5", "-enable-tail-merge=0",
                    "-tail-dup-pred-size=100000", "-tail-dup-succ-size=100000",
                ].flatMap { ["-Xllvm", $0] }
        )
    ]

let package = Package(
    name: "roost",
    products: [
        .executable(name: "roost", targets: ["roost"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // Libraries, from the kernel upwards. docs/ARCHITECTURE.md has the table of imports.
        .systemLibrary(name: "CLinux"),
        // The dashboard and the API's description are in the program as bytes.
        .target(name: "CEmbedded", exclude: ["dashboard", "openapi.json"]),
        .target(name: "CTemplates"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "Linux", dependencies: ["CLinux"], swiftSettings: strict),
        .target(name: "Wasm", dependencies: ["Linux"], swiftSettings: engine),
        .target(name: "WasmText", dependencies: ["Wasm"], swiftSettings: strict),
        .target(name: "WASI", dependencies: ["Wasm", "Linux"], swiftSettings: strict),
        .target(name: "HTTP", swiftSettings: strict),
        .target(name: "HTTPWasm", dependencies: ["HTTP", "WASI", "Wasm"], swiftSettings: strict),
        .target(name: "Gzip", dependencies: ["CZlib"], swiftSettings: strict),
        .target(name: "HTTPServer", dependencies: ["HTTP", "Linux"], swiftSettings: strict),
        .target(
            name: "Store",
            dependencies: [
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Crypto", package: "swift-crypto"),
                "Linux",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Platform",
            dependencies: [
                "Wasm", "WASI", "HTTPWasm", "HTTP", "Gzip", "Store", "Linux",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            resources: [
                .embedInCode("Scripts/adapter.js"), .embedInCode("Scripts/adapter.py"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Daemon",
            dependencies: [
                "Gzip", "Wasm", "WasmText", "WASI", "HTTP", "HTTPServer", "Store", "Platform",
                "Linux", "CEmbedded",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "roost",
            dependencies: [
                "CTemplates", "Daemon", "Linux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        // What scripts/bench/engine asks for the engine's own figures.
        .executableTarget(
            name: "engine-figures",
            dependencies: ["Wasm", "WASI", "Linux"],
            path: "scripts/bench/figures",
            swiftSettings: strict
        ),

        // What scripts/bench/coldstart asks for the figures of starting and resetting.
        .executableTarget(
            name: "start-figures",
            dependencies: ["Wasm", "Linux"],
            path: "scripts/bench/start-figures",
            swiftSettings: strict
        ),

        // What scripts/bench/records asks for the figures of storing and finding records.
        .executableTarget(
            name: "record-figures",
            dependencies: ["Store"],
            path: "scripts/bench/record-figures",
            swiftSettings: strict
        ),

        // Tests: one target per library, then the whole program, then the tree itself.
        .target(
            name: "TestSupport",
            dependencies: ["Linux"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .testTarget(
            name: "LinuxTests",
            dependencies: ["Linux", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "WasmTests",
            dependencies: ["Wasm", "WasmText", "Linux", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "WasmTextTests",
            dependencies: ["WasmText", "Wasm", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "WASITests",
            dependencies: ["WASI", "Wasm", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HTTPTests",
            dependencies: ["HTTP", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GzipTests",
            dependencies: ["Gzip", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HTTPServerTests",
            dependencies: ["HTTPServer", "HTTP", "Linux", "TestSupport", "CZlib"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StoreTests",
            dependencies: ["Store", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "PlatformTests",
            dependencies: [
                "Platform", "Wasm", "WasmText", "WASI", "HTTPWasm", "Store", "HTTP", "Linux",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DaemonTests",
            dependencies: ["Daemon", "Platform", "Store", "HTTP", "Linux", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RoostTests",
            dependencies: [
                "roost", "Daemon", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Daemon", "Gzip", "HTTP", "HTTPServer", "Linux", "Store", "TestSupport", "WasmText",
                "roost",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),

        // Fuzzing: what is fuzzed, what scripts/differential compares with another engine, and the
        // replay of the corpora. The fuzzers themselves are built by scripts/fuzz.
        .target(
            name: "FuzzTargets",
            dependencies: ["HTTP", "Wasm", "WasmText"],
            path: "Tests/Fuzzing/Targets",
            swiftSettings: engine
        ),
        .executableTarget(
            name: "engine-transcripts",
            dependencies: ["FuzzTargets", "Wasm"],
            path: "Tests/Fuzzing/Differential",
            swiftSettings: strict
        ),
        .testTarget(
            name: "FuzzingTests",
            dependencies: ["FuzzTargets", "Wasm", "WasmText"],
            path: "Tests/Fuzzing/Replay",
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6]
)
