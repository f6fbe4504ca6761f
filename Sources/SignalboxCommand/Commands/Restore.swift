import ArgumentParser
import Glibc
import Signalbox
import SignalboxCore
import SignalboxStore
import Synchronization

struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a store of a dump, all of it or nothing.",
        discussion: """
            Every line is checked, every index and counter is made anew, and the whole is verified before it becomes the \
            store: whatever is wrong, or killed, nothing is left under its name. The store must be new, or have no jobs and \
            dispatches and be in use by nobody.

            What the dump says is running does not run for the new store, even beside the original on the same machine: the \
            first process that opens it for writing counts those attempts as lost, as after a start of the machine.
            """)

    @Argument(help: ArgumentHelp("The dump; - is standard input.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("The store to make (else the usual one).", valueName: "store"))
    var into: String?

    @OptionGroup var store: StoreOptions

    func validate() throws {
        if into != nil, store.store != nil { throw ValidationError("--into and --store name the same thing: give one") }
    }

    func run() throws {
        let path = into ?? store.path
        let input = try DumpFile(file)
        var bar = ProgressBar(size: input.size)
        let restored: RestoredStore
        do {
            let dump = try DumpReader(ahead: { try input.next() })
            restored = try Failure.namingFolder(path) {
                try Store.restore(dump, at: path) { lines, bytes in bar.show(lines: lines, bytes: bytes) }
            }
        } catch {
            bar.clear()
            throw Self.failure(error, input, path)
        }
        bar.clear()
        warn(of: restored)
        Terminal.writeLine("\(path): \(restored.records) records, verified")
    }

    /// What is wrong with the dump is told with its name.
    private static func failure(_ error: any Error, _ input: DumpFile, _ path: String) -> any Error {
        let name = input.name
        return switch error {
        case is DumpError where input.foreign != nil:
            Failure(.badInput, "\(name): \(input.foreign?.advice ?? ""). Nothing was restored")
        case let error as StoreError where error.code == .refused: Failure(.refused, "\(path): \(error)")
        case let error as DumpError: Failure(.badInput, "\(name): \(error). Nothing was restored")
        case let error as RestoreError: Failure(.badInput, "\(name): \(error). Nothing was restored")
        default: error
        }
    }

    private func warn(of restored: RestoredStore) {
        guard !restored.isComplete else { return }
        var parts: [String] = []
        let (jobs, handlers) = (restored.incompleteJobs, restored.incompleteHandlers)
        if !jobs.isEmpty { parts.append("of the jobs " + jobs.map(\.text).joined(separator: ", ")) }
        if !handlers.isEmpty { parts.append("of the handlers " + handlers.map(\.text).joined(separator: ", ")) }
        if restored.incompleteDispatches > 0 {
            parts.append("of \(restored.incompleteDispatches) dispatches that have not ended")
        }
        Terminal.writeError(
            "signalbox: the dump was made without --secrets: some values \(parts.joined(separator: ", and ")) are now "
                + "\(redactionMark); set them anew before they run\n")
    }
}

/// A dump as it comes from a file or from standard input.
private final class DumpFile: Sendable {
    let name: String
    /// How much there is to read; nil when nobody can tell.
    let size: Int?
    /// What it begins with, once anything of it was read.
    private let beginning = Mutex<[UInt8]>([])
    private let descriptor: Int32

    init(_ path: String) throws {
        name = path == "-" ? "standard input" : path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(
                errno == EACCES ? .noPermission : .badInput, "\(path): \(String(cString: strerror(errno)))")
        }
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        size = isFile ? Int(status.st_size) : nil
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    /// What it looks like that is no dump.
    var foreign: ForeignFile? { ForeignFile(firstBytes: beginning.withLock { $0 }) }

    /// The next bytes; none at the end.
    func next() throws -> [UInt8] {
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, filled in
                count = read(descriptor, buffer.baseAddress, buffer.count)
                filled = max(0, count)
            }
            beginning.withLock { if $0.isEmpty { $0 = Array(bytes.prefix(20)) } }
            if count >= 0 { return bytes }
            guard errno == EINTR else { throw Failure(.badInput, "\(name): \(String(cString: strerror(errno)))") }
        }
    }
}
