import Glibc
import Signalbox
import SignalboxCore
import SignalboxStore

/// Enqueues the lines of standard input, many in each transaction, and says after each which lines are on the disk. What
/// is wrong with a line ends it there; all lines before it count. A terminal shows how far it is.
struct BulkEnqueue {
    /// Opens the store, when there is something to put into it.
    let open: () throws -> Store
    let defaults: EnqueueLine.Defaults
    let isJSON: Bool

    /// So many lines share a transaction: enough that the disk is no limit, few enough that others get their turn.
    private static let batch = 5_000
    /// Longer than any request may be.
    private static let lineLimit = 2 << 20

    func run() throws {
        var lines = InputLines(limit: Self.lineLimit)
        var bar = ProgressBar(size: lines.size)
        defer { bar.clear() }
        var store: Store?
        var first = 1
        while let batch = try lines.next(Self.batch) {
            let now = try currentTime()
            var items: [Enqueuing] = []
            var broken: LineError?
            for line in batch {
                do { items.append(try EnqueueLine.item(in: line, defaults)) } catch {
                    broken = error
                    break
                }
            }
            if store == nil, !items.isEmpty { store = try open() }
            if let store { try enqueue(items, in: store, from: first, now, &bar) }
            if let broken { throw Self.failure(at: first + items.count, broken.description) }
            first += batch.count
            bar.show(lines: first - 1, bytes: lines.consumed)
        }
    }

    private func enqueue(
        _ items: [Enqueuing], in store: Store, from first: Int, _ now: Now, _ bar: inout ProgressBar
    ) throws {
        do {
            let enqueued = try store.enqueue(items, now: now)
            bar.clear()
            report(enqueued, from: first)
        } catch let refusal as RefusedItem {
            try enqueue(Array(items[..<refusal.index]), in: store, from: first, now, &bar)
            let status = refusal.cause.code == .refused ? ExitStatus.refused : .badInput
            throw Self.failure(status, at: first + refusal.index, refusal.cause.description)
        } catch let error as StoreError where error.code == .full {
            // Some of them may fit.
            guard items.count > 1 else { throw Self.failure(.tryAgain, at: first, error.description) }
            let half = items.count / 2
            try enqueue(Array(items[..<half]), in: store, from: first, now, &bar)
            try enqueue(Array(items[half...]), in: store, from: first + half, now, &bar)
        }
    }

    private func report(_ enqueued: [Enqueued], from first: Int) {
        guard !enqueued.isEmpty else { return }
        guard isJSON else {
            return Terminal.writeLine("lines \(first) to \(first + enqueued.count - 1) are enqueued")
        }
        let text = enqueued.enumerated().reduce(into: "") { text, entry in
            let (index, item) = entry
            text += "{\"deduplicated\":\(item.deduplicated),\"id\":\(item.id),\"line\":\(first + index),"
            text += "\"replaced\":\(item.replaced.map { "\($0)" } ?? "null")}\n"
        }
        Terminal.write(text, to: STDOUT_FILENO)
    }

    private static func failure(_ status: ExitStatus = .badInput, at line: Int, _ what: String) -> Failure {
        let rest = line == 1 ? "Nothing was enqueued" : "The lines before it are enqueued"
        return Failure(status, "standard input:\(line): \(what). \(rest)")
    }
}

/// Standard input by lines, without their ends.
private struct InputLines {
    private let limit: Int
    private var rest: [UInt8] = []
    private var isAtEnd = false
    private var bytesRead = 0
    /// How much there is to read; nil when it is no file, and nobody can tell.
    let size: Int?

    init(limit: Int) {
        self.limit = limit
        var status = stat()
        let isFile = fstat(STDIN_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        size = isFile ? max(0, Int(status.st_size) - max(0, Int(lseek(STDIN_FILENO, 0, SEEK_CUR)))) : nil
    }

    /// The bytes of the lines given out so far, ends included.
    var consumed: Int { bytesRead - rest.count }

    /// The next `count` lines, or as many as there are; nil at the end.
    mutating func next(_ count: Int) throws -> [ArraySlice<UInt8>]? {
        var lines: [ArraySlice<UInt8>] = []
        var start = rest.startIndex
        var searched = start
        while lines.count < count {
            if let end = rest[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(rest[start..<end])
                (start, searched) = (end + 1, end + 1)
            } else if isAtEnd {
                if start < rest.endIndex { lines.append(rest[start...]) }
                start = rest.endIndex
                break
            } else {
                searched = rest.endIndex
                try readMore(after: start)
            }
        }
        rest = Array(rest[start...])
        return lines.isEmpty ? nil : lines
    }

    private mutating func readMore(after start: Int) throws {
        guard rest.count - start <= limit else {
            throw Failure(.badInput, "standard input: a line has more than \(limit) bytes")
        }
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { return }
        guard count >= 0 else { throw Failure(.badInput, "standard input: \(String(cString: strerror(errno)))") }
        if count == 0 { isAtEnd = true }
        rest += buffer[..<count]
        bytesRead += count
    }
}
