import CLMDB
import Glibc

/// One open snapshot, of any process.
public struct ReaderInfo: Hashable, Sendable {
    /// The id of its process.
    public let process: Int32
    /// The transaction it looks at: the space of everything deleted since is kept for it. Nil: none just now.
    public let transaction: UInt64?
    /// How many transactions were committed since that one.
    public private(set) var lag: UInt64 = 0
    /// For how long at least it has kept deleted space from being used again; nil: not at all, or for seconds only.
    ///
    /// LMDB does not say when a snapshot was taken. But it was taken before the first commit that it does not see, and
    /// writers note when they commit; so this is the time since the first such note, which are 5 s apart or more. A
    /// snapshot that pins nothing, because nothing was committed since, has no age, however old it is.
    public private(set) var age: Duration?

    /// From this age on a snapshot is worth a warning: all that Signalbox does with one takes milliseconds.
    public static let longAge: Duration = .seconds(60)
}

extension Environment {
    /// All open snapshots, of all processes.
    public func readers() throws -> [ReaderInfo] {
        let last = try gate.passing(.read) { UInt64(try handle.information().lastTransaction) }
        return try handle.readers().map { $0.seen(from: last, bell?.logbook) }
    }

    /// Lets go of the snapshots that killed processes held, which keep deleted space from being used again; answers how
    /// many there were. Worth a call now and then by a process that always runs.
    @discardableResult
    public func checkReaders() throws -> Int { try handle.checkReaders() }

    /// Clears the readers that were killed, and names the living who have kept space for more than a minute.
    public func tidyUp() throws -> [String] {
        try checkReaders()
        return try readers().filter { $0.age ?? .zero >= ReaderInfo.longAge }.map { reader in
            "process \(reader.process) has kept a snapshot of \(directory) open for at least "
                + "\((reader.age ?? .zero).components.seconds) s: what was deleted since takes up space until it ends"
        }
    }
}

extension ReaderInfo {
    fileprivate func seen(from lastTransaction: UInt64, _ logbook: Logbook?) -> ReaderInfo {
        guard let transaction, transaction < lastTransaction else { return self }
        var seen = self
        seen.lag = lastTransaction - transaction
        seen.age = logbook?.age(ofSnapshot: transaction)
        return seen
    }
}

extension EnvironmentHandle {
    /// The slots in use in LMDB's table of readers.
    func readers() throws -> [ReaderInfo] {
        var table = ""
        let status = unsafe withUnsafeMutablePointer(to: &table) { table in
            unsafe mdb_reader_list(
                pointer,
                { line, table in
                    guard let line = unsafe line, let table = unsafe table else { return 0 }
                    unsafe table.assumingMemoryBound(to: String.self).pointee += String(cString: line)
                    return 0
                }, table)
        }
        if status < 0 { throw EnvironmentError.lmdb(status, "mdb_reader_list", path) }
        return table.split(separator: "\n").compactMap(ReaderInfo.init)
    }

    func hasStaleReaderOfThisProcess() throws -> Bool {
        try readers().contains { $0.process == getpid() }
    }
}

extension ReaderInfo {
    /// Reads a line of LMDB's table: process, thread, transaction or "-". Nil: the heading.
    init?(_ line: Substring) {
        let columns = line.split(separator: " ")
        guard columns.count == 3, let process = Int32(columns[0]) else { return nil }
        self.init(process: process, transaction: UInt64(columns[2]))
    }
}
