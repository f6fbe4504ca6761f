import CLMDB
import Glibc

/// One open snapshot, of any process.
public struct ReaderInfo: Hashable, Sendable {
    /// The id of its process.
    public let process: Int32
    /// The transaction it looks at: the space of everything deleted since is kept for it. Nil: none just now.
    public let transaction: UInt64?
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
