import ArgumentParser
import Glibc
import LMDBEngine
import Logging
import Signalbox
import SignalboxCore
import SignalboxRuntime

/// Which store a command works on.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder of the store (else $SIGNALBOX_STORE, else ./signalbox.store).", valueName: "path"))
    var store: String?

    var path: String {
        if let store { return store }
        if let chosen = getenv("SIGNALBOX_STORE").map({ String(cString: $0) }), !chosen.isEmpty { return chosen }
        return "signalbox.store"
    }

    func open(_ access: Store.Access) throws -> Store {
        StoreFault.explain(storeAt: path)
        guard access != .create else { return try Store.open(at: path, access, logger: logger) }
        return try find { try Store.open(at: path, access, logger: logger) }
    }

    /// Opens it to repair it.
    func openToRepair() throws -> Store {
        StoreFault.explain(storeAt: path)
        return try find { try Store.openToRepair(at: path) }
    }

    /// Looks at every page of the store before LMDB may map it.
    func checkPages() throws -> PageReport { try find { try Store.checkPages(at: path) } }

    /// For commands that read all of a store: refuses a damaged one before LMDB could trip over it.
    func requireSoundPages() throws {
        let report = try checkPages()
        // A store of another version has other buckets; whoever opens it says so.
        guard let first = report.faults.first, !report.arePagesSound else { return }
        throw Failure(
            .storeFault,
            "the store at \(quoted(path)) is damaged: \(first)\(report.count > 1 ? "; and \(report.count - 1) more" : ""). "
                + "It was left as it is: `signalbox verify` lists every fault, and `signalbox dump --salvage` saves what can be "
                + "believed")
    }

    /// Runs `body` on a store that must be there.
    func find<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as EnvironmentError where error.code == .notFound {
            throw Failure(
                .noStore,
                "there is no store at \(quoted(path)): name it with --store PATH or $SIGNALBOX_STORE, or make one with "
                    + "`signalbox add`, `signalbox enqueue` or `signalbox up`")
        }
    }

    /// Warnings and worse, on standard error: for commands whose output is their answer.
    private var logger: Logger { Log.make(level: .warning) }
}

/// The one place that makes loggers.
enum Log {
    static func make(level: Logger.Level = .info) -> Logger {
        var logger = Logger(label: "signalbox") { label in StreamLogHandler.standardError(label: label) }
        logger.logLevel = level
        return logger
    }
}

/// The time, once per command.
func currentTime() throws -> Now { try SystemClocks().now() }
