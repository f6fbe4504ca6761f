// LMDB trusts its file: mapped, a truncated one kills the process with SIGBUS at some later read. So the two meta pages
// are read here first, by ordinary reads, and compared with the length of the file.

import Glibc

/// A data file, read without LMDB.
struct DataFile {
    let descriptor: FileDescriptor

    /// Throws unless this is a data file of ours and holds every page that its newest meta page leads to.
    ///
    /// A process may be committing meanwhile; it writes pages first and the meta page last, so a look that fails is
    /// repeated before it is believed.
    func requireWhole() throws {
        for _ in 0..<3 where (try? checkOnce()) != nil { return }
        try checkOnce()
    }

    func bucketNames() throws -> Set<[UInt8]> {
        let meta = try newestMeta()
        return try walk(meta).bucketNames(from: meta)
    }

    private func walk(_ meta: MetaPage) throws -> PageWalk {
        let pageCount = Int(try descriptor.status.st_size) / meta.pageSize
        return PageWalk(descriptor, pageSize: meta.pageSize, pageCount: UInt64(pageCount))
    }

    private func checkOnce() throws {
        guard try descriptor.status.st_mode & S_IFMT == S_IFREG else {
            throw EnvironmentError(.notAStore, "\(descriptor.path): not a store: not an ordinary file")
        }
        let newest = try newestMeta()
        let size = Int(try descriptor.status.st_size)
        if (Int(newest.lastPage) + 1) * newest.pageSize > size {
            // LMDB may leave its very last pages unwritten when they are free; then every page in use is still there.
            guard try walk(newest).reachesOnlyPresentPages(from: newest) else { throw truncated(newest, size) }
        }
    }

    /// The meta page a reader would start from.
    func newestMeta() throws -> MetaPage {
        let first = try meta(at: 0)
        let second = try meta(at: first.pageSize)
        return first.transaction > second.transaction ? first : second
    }

    private func meta(at offset: Int) throws -> MetaPage {
        let bytes = try descriptor.bytes(at: offset, count: MetaPage.byteCount)[...]
        guard let meta = MetaPage(bytes) else { throw unreadable(bytes, at: offset) }
        guard meta.version == 1 else {
            throw EnvironmentError(
                .versionMismatch,
                "\(descriptor.path): LMDB data format \(meta.version), not 1. Dump it with its own program.")
        }
        guard (9...16).contains(meta.pageSize.trailingZeroBitCount), meta.pageSize.nonzeroBitCount == 1,
            meta.lastPage < 1 << 48
        else { throw damaged("its meta page at byte \(offset) makes no sense") }
        return meta
    }

    private func unreadable(_ bytes: ArraySlice<UInt8>, at offset: Int) -> EnvironmentError {
        if offset > 0 { return damaged("its second meta page is missing") }
        if bytes.isEmpty { return damaged("it is empty") }
        if MetaPage.isOfOtherWordSize(bytes) {
            return EnvironmentError(
                .otherBuild,
                "\(descriptor.path): made with another word size or byte order. Dump it there, restore it here.")
        }
        return EnvironmentError(.notAStore, "\(descriptor.path): not a store: LMDB did not write this file")
    }

    private func truncated(_ meta: MetaPage, _ size: Int) -> EnvironmentError {
        damaged("it has \(size) bytes where \((Int(meta.lastPage) + 1) * meta.pageSize) are in use: its end is cut off")
    }

    private func damaged(_ what: String) -> EnvironmentError {
        EnvironmentError(.damaged, "\(descriptor.path): the data file is damaged: \(what). Restore it from a dump.")
    }
}
