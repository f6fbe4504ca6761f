// swift-tools-version: 6.2
import PackageDescription

/// Every module of ours: Swift 6 language mode (the tools version's own), warnings are errors, imports say what leaks.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // A transaction is not copyable, and each engine brings its own: an associated type that is ~Copyable.
    .enableExperimentalFeature("SuppressedAssociatedTypes"),
]
/// Modules that touch no raw memory, and the one whose trade it is: the compiler finds every unsafe expression.
let memorySafe = strict + [.strictMemorySafety()]

let package = Package(
    name: "signalbox",
    products: [
        .executable(name: "signalbox", targets: ["SignalboxCommand"]),
        .library(name: "Signalbox", targets: ["Signalbox"]),
        .library(name: "SignalboxTesting", targets: ["SignalboxTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        // The architecture, lowest first: a module imports only what stands above it here.

        // liblmdb, Debian's build.
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        // libyaml, Debian's build: events with line and column, and no Foundation.
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        // The Linux calls Swift cannot name: futex, pidfd, locks with a va_list, and starting a command.
        .target(name: "CLinux"),
        // The processor's own checksum, which Swift cannot name either.
        .target(name: "CProcessor"),
        // The seam: ordered keys, snapshots, write transactions, waiting for change. Knows of no jobs.
        .target(name: "OrderedStore", swiftSettings: memorySafe),
        // Safe LMDB behind the seam, with its guards. The only place that says `unsafe` or `MDB_`.
        .target(
            name: "LMDBEngine", dependencies: ["CLMDB", "CLinux", "OrderedStore"], swiftSettings: memorySafe),
        // Values and rules: jobs, dispatches, the state machine, schedules, zones, retry. No clock, no disk, no store.
        .target(name: "SignalboxCore", swiftSettings: memorySafe),
        // What people write by hand, read into jobs: jobs.yaml, crontab(5), systemd's timers; each error with its line.
        .target(name: "SignalboxFormats", dependencies: ["CYAML", "SignalboxCore"], swiftSettings: strict),
        // The job store over any OrderedStore: buckets, records, one file per operation, snapshot, verify.
        .target(
            name: "SignalboxStore", dependencies: ["CProcessor", "OrderedStore", "SignalboxCore"],
            // A record is read in place, by a reader that cannot outlive the bytes it reads.
            swiftSettings: memorySafe + [.enableExperimentalFeature("Lifetimes")]),
        // The loops and what they stand on: scheduler, worker, reaper, processes, clocks, liveness locks.
        .target(
            name: "SignalboxRuntime",
            dependencies: [
                "CLinux", "OrderedStore", "SignalboxCore", "SignalboxStore",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        // The status server: one snapshot, static pages, JSON. It never writes.
        .target(
            name: "SignalboxStatus",
            dependencies: [
                "CLinux", "OrderedStore", "SignalboxCore", "SignalboxStore",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            swiftSettings: strict),
        // The face for Swift programs, and the one place that chooses the engine.
        .target(
            name: "Signalbox",
            dependencies: [
                "LMDBEngine", "OrderedStore", "SignalboxCore", "SignalboxRuntime", "SignalboxStore",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        // For tests, ours and users': the memory engine, the conformance suite, stores that verify themselves.
        .target(
            name: "SignalboxTesting", dependencies: ["OrderedStore", "SignalboxCore", "SignalboxStore"],
            swiftSettings: strict),
        // The command `signalbox`: one file per command, no logic.
        .executableTarget(
            name: "SignalboxCommand",
            dependencies: [
                "CLinux", "LMDBEngine", "OrderedStore", "Signalbox", "SignalboxCore", "SignalboxFormats",
                "SignalboxRuntime", "SignalboxStatus", "SignalboxStore",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        // What tools/bench/run measures: the store under load, beside the same work in C.
        .executableTarget(
            name: "bench", dependencies: ["LMDBEngine", "OrderedStore", "SignalboxCore", "SignalboxStore"],
            path: "tools/bench/Bench", swiftSettings: strict),

        // What SystemTests let disks fail under: some sixty things done to a store, the same in every run.
        .executableTarget(
            name: "faultscript", dependencies: ["LMDBEngine", "OrderedStore", "SignalboxCore", "SignalboxStore"],
            path: "Tests/SystemTests/FaultScript", swiftSettings: strict),

        // One test target per module, and SystemTests: the built command, real processes, real signals.
        .testTarget(
            name: "LMDBEngineTests", dependencies: ["CLinux", "LMDBEngine", "OrderedStore", "SignalboxTesting"],
            exclude: ["Refused"], swiftSettings: strict),
        .testTarget(
            name: "SignalboxCoreTests", dependencies: ["SignalboxCore"], exclude: ["Oracle"], swiftSettings: strict),
        .testTarget(
            name: "SignalboxFormatsTests", dependencies: ["SignalboxCore", "SignalboxFormats"], exclude: ["Corpus"],
            swiftSettings: strict),
        .testTarget(
            name: "SignalboxStoreTests",
            dependencies: ["LMDBEngine", "OrderedStore", "SignalboxCore", "SignalboxStore", "SignalboxTesting"],
            swiftSettings: strict),
        .testTarget(
            name: "SignalboxRuntimeTests",
            dependencies: [
                "CLinux", "OrderedStore", "SignalboxCore", "SignalboxRuntime", "SignalboxStore", "SignalboxTesting",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SignalboxStatusTests",
            dependencies: [
                "OrderedStore", "SignalboxCore", "SignalboxStatus", "SignalboxStore", "SignalboxTesting",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SignalboxTests",
            dependencies: [
                "LMDBEngine", "OrderedStore", "Signalbox", "SignalboxCore", "SignalboxRuntime", "SignalboxStore",
            ],
            swiftSettings: strict),
        // It starts the built command, which lies beside the tests; the dependency is there so that it is built.
        .testTarget(
            name: "SystemTests",
            dependencies: [
                "CLinux", "LMDBEngine", "OrderedStore", "SignalboxCommand", "SignalboxCore", "SignalboxStore",
                "faultscript",
            ],
            exclude: ["Clients", "Faults", "FaultScript", "Shim", "Fixtures"], swiftSettings: strict),
    ]
)
