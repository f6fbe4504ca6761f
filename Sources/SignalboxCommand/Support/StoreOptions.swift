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
        if access == .create { return try Store.open(at: path, access, logger: logger) }
        return try find { try Store.open(at: path, access, logger: logger) }
    }

    /// Opens it to repair it.
    func openToRepair() throws -> Store { try find { try Store.openToRepair(at: path) } }

    private func find(_ open: () throws -> Store) throws -> Store {
        do { return try open() } catch let error as EnvironmentError where error.code == .notFound {
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
