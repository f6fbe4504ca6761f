import ArgumentParser
import Glibc
import LMDBEngine
import Signalbox
import SignalboxCore
import SignalboxFormats
import SignalboxRuntime
import SignalboxStatus
import SignalboxStore

/// What the command's exit says, as in sysexits(3) where that has a word for it.
enum ExitStatus: Int32 {
    case success = 0
    /// The awaited job failed, or `verify` found faults.
    case negative = 1
    /// An overlap, a conflict, a pause.
    case refused = 3
    /// No such job, dispatch or worker.
    case notFound = 4
    case usage = 64
    /// Cron, YAML, a dump.
    case badInput = 65
    case noStore = 66
    /// I/O, or a damaged store.
    case storeFault = 74
    /// Full, or locked: try again.
    case tryAgain = 75
    case noPermission = 77
}

/// An error with a sentence and an exit status of its own.
struct Failure: Error {
    let status: ExitStatus
    /// Nil when everything has been said.
    let message: String?

    init(_ status: ExitStatus, _ message: String? = nil) {
        self.status = status
        self.message = message
    }

    /// Runs `body`, which makes a folder at `path`: what keeps it from that is told as such, and not as a missing store.
    static func namingFolder<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        guard !path.isEmpty else { throw Failure(.usage, "the name of the folder to make is empty: give one") }
        do {
            return try body()
        } catch let error as EnvironmentError where error.code == .notFound {
            throw Failure(
                .storeFault, "\(printable(path)): the folder that it is to lie in is not there: make that first")
        }
    }

    /// Ends the process: one line on standard error, and the exit status. Help and version are no errors.
    static func end(with error: any Error) -> Never {
        if let failure = Failure(error) {
            if let message = failure.message { Terminal.writeError("signalbox: \(message)\n") }
            exit(failure.status.rawValue)
        }
        SignalboxCommand.exit(withError: error)
    }

    /// Nil for what the argument parser has to say by itself.
    private init?(_ error: any Error) {
        switch error {
        case let error as Failure: self = error
        case let error as StoreError: self.init(error.status, error.description)
        case let error as EnvironmentError: self.init(error.status, error.message)
        case let error as FormatError: self.init(.badInput, "\(error)")
        case let error as NameError: self.init(.badInput, "\(error)")
        case let error as ScheduleError:
            // One sentence for a log; a person at a terminal also sees the place.
            self.init(.badInput, isatty(STDERR_FILENO) == 1 ? "\(error)\n\(error.marked)" : "\(error)")
        case let error as TimeTextError: self.init(.badInput, "\(error)")
        case let error as ZoneFileError: self.init(.badInput, "\(error)")
        case let error as SystemCallError: self.init(SystemStatus.status(of: error.number), "\(error)")
        case let error as LiveFolderError: self.init(SystemStatus.status(of: error.number), "\(error)")
        case let error as StoreGone: self.init(.storeFault, "\(error)")
        case let error as WorkerError: self.init(.storeFault, "\(error)")
        case let error as FeedRefusal:
            self.init(error.status == 403 ? .noPermission : .badInput, printable("\(error)", keeping: []))
        case let error as StatusServerError: self.init(error.status, "\(error)")
        case let error as ExportError: self.init(error.status, "\(error)")
        default: return nil
        }
    }
}

extension StatusServerError {
    fileprivate var status: ExitStatus {
        switch code {
        case .resources: .tryAgain
        case .addressInUse, .permissionDenied, .noSuchAddress, .system: .storeFault
        }
    }
}

extension ExportError {
    fileprivate var status: ExitStatus {
        switch code {
        case .occupied: .refused
        case .systemCall(let number): SystemStatus.status(of: number)
        }
    }
}

extension StoreError {
    fileprivate var status: ExitStatus {
        switch code {
        case .notFound: .notFound
        case .refused: .refused
        case .invalid: .badInput
        case .damaged, .formatVersion: .storeFault
        case .full: .tryAgain
        }
    }
}

extension EnvironmentError {
    fileprivate var status: ExitStatus {
        switch code {
        case .notFound: .noStore
        case .permission: .noPermission
        case .full, .diskFull, .readersFull, .inUse: .tryAgain
        case .occupied: .refused
        case .systemCall(let number): SystemStatus.status(of: number)
        case .notAStore, .damaged, .versionMismatch, .readOnlyMount, .networkFileSystem, .otherNamespace, .otherBuild,
            .alreadyOpen, .readOnly, .keySize, .valueSize, .failedEarlier, .mapOutgrown:
            .storeFault
        }
    }
}

/// What an errno means to who called us.
enum SystemStatus {
    static func status(of number: Int32) -> ExitStatus {
        switch number {
        case EACCES, EPERM, EROFS: .noPermission
        case ENOSPC, EDQUOT, EFBIG, EAGAIN, ENOMEM, EMFILE, ENFILE: .tryAgain
        default: .storeFault
        }
    }
}
