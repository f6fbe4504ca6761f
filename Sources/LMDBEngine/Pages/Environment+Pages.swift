public import OrderedStore

extension Environment {
    /// Looks at every page of the store in `directory` without LMDB, which trusts its file: page numbers, kinds and
    /// bounds, the order of keys inside pages and between them, the sums of every tree, the free list; each page must be
    /// in one place or free.
    ///
    /// Others may go on writing. A snapshot is held meanwhile, which LMDB takes from the two meta pages alone; while it
    /// lives no page of it, nor of any later commit, is used again. So whatever commit is the newest when the meta pages
    /// are read, of which there are two that take turns, all its pages stay as they are until we are done.
    ///
    /// - Parameter buckets: all that there must be.
    /// - Throws: what ``open(at:buckets:access:durability:options:)`` throws, but for `.damaged`: that is a fault.
    public static func checkPages(at directory: String, buckets: [Bucket]) throws -> PageReport {
        let directory = StoreDirectory(path: directory)
        do {
            let identity = try directory.examined()
            // Nobody of ours has it open, and a mere copy of a data file need not have the other files.
            guard directory.hasOpenLock else { return try directory.checkPages(buckets) }
            let request = EnvironmentHandle.Request(
                directory: directory, buckets: [], access: .readOnly, durability: .full, options: Options(),
                identity: identity)
            let environment = try EnvironmentRegistry.shared.environment(identity) { try opened(request) }
            return try environment.read { _ in try directory.checkPages(buckets) }
        } catch let error as EnvironmentError where error.code == .damaged {
            var report = PageReport()
            report.fault(error.message)
            return report
        }
    }
}

extension StoreDirectory {
    fileprivate func checkPages(_ buckets: [Bucket]) throws -> PageReport {
        let file = DataFile(descriptor: try openedData())
        var walk = PageWalk(file.descriptor, try file.newestMeta(), pageCount: try file.pageCount())
        try walk.checkAll(expecting: buckets.map(\.name))
        return walk.report
    }
}
