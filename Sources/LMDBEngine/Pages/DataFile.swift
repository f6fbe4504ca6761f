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

    /// Throws unless every page can be believed. Nobody may be writing.
    func requireSoundPages() throws {
        var walk = PageWalk(descriptor, try newestMeta(), pageCount: try pageCount())
        try walk.checkAll(expecting: nil)
        if !walk.report.arePagesSound, let first = walk.report.faults.first {
            let others = walk.report.faults.count - 1
            throw damaged(others > 0 ? "\(first); and \(others) more faults" : first)
        }
    }

    /// How many pages the file has.
    func pageCount() throws -> UInt64 { UInt64(try descriptor.status.st_size) / UInt64(try newestMeta().pageSize) }

    /// The names of the buckets, as far as the tree of buckets can be read.
    func bucketNames() throws -> Set<[UInt8]> {
        var walk = PageWalk(descriptor, try newestMeta(), pageCount: try pageCount())
        return Set(try walk.buckets().map(\.name))
    }

    private func checkOnce() throws {
        guard try descriptor.status.st_mode & S_IFMT == S_IFREG else {
            throw EnvironmentError(.notAStore, "\(descriptor.path): not a store: not an ordinary file")
        }
        let newest = try newestMeta()
        let size = Int(try descriptor.status.st_size)
        if (Int(newest.lastPage) + 1) * newest.pageSize > size {
            // LMDB may leave its very last pages unwritten when they are free; then every page in use is still there.
            var walk = PageWalk(descriptor, newest, pageCount: UInt64(size / newest.pageSize))
            try walk.checkAll(expecting: nil)
            guard walk.report.missingPages == 0 else { throw truncated(newest, size) }
        }
    }

    /// The meta page a reader would start from.
    func newestMeta() throws -> MetaPage {
        let (first, second) = try metas()
        return first.transaction >= second.transaction ? first : second
    }

    /// Both, as they were at one moment: LMDB may be writing one of them while we read.
    private func metas() throws -> (MetaPage, MetaPage) {
        var found = Result { try metasOnce() }
        for _ in 0..<3 {
            let before = try? found.get()
            found = Result { try metasOnce() }
            if let before, try before == found.get() { break }
        }
        return try found.get()
    }

    private func metasOnce() throws -> (MetaPage, MetaPage) {
        let first = try meta(0, at: 0)
        let second = try meta(1, at: first.pageSize)
        guard first.pageSize == second.pageSize else {
            throw damaged("its meta pages disagree on the size of a page, \(first.pageSize) and \(second.pageSize)")
        }
        return (first, second)
    }

    private func meta(_ place: UInt64, at offset: Int) throws -> MetaPage {
        let memory = PageMemory(capacity: MetaPage.byteCount)
        defer { withExtendedLifetime(memory) {} }
        let bytes = try memory.read(descriptor, at: offset, count: MetaPage.byteCount)
        guard let meta = MetaPage(bytes) else { throw unreadable(bytes, at: offset) }
        guard meta.version == 1 else {
            throw EnvironmentError(
                .versionMismatch,
                "\(descriptor.path): LMDB data format \(meta.version), not 1. Dump it with its own program.")
        }
        if let fault = meta.fault(at: place) { throw damaged("its meta page at byte \(offset) \(fault)") }
        return meta
    }

    private func unreadable(_ bytes: PageBytes, at offset: Int) -> EnvironmentError {
        if offset > 0 { return damaged("its second meta page is missing") }
        if bytes.count == 0 { return damaged("it is empty") }
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
        EnvironmentError(
            .damaged,
            "\(descriptor.path): the data file is damaged: \(what). It was left as it is: `verify` lists every fault, "
                + "and `dump --salvage` saves what can be believed.")
    }
}
