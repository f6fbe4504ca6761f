import Glibc
import OrderedStore

extension Environment {
    /// How far a copy is.
    public struct CopyProgress: Hashable, Sendable {
        /// The bytes written so far.
        public let done: Int
        /// About how many there will be.
        public let total: Int
    }

    /// What was copied.
    public struct Copy<Finding> {
        /// The length of the new data file.
        public let bytes: Int
        /// What `look` has found in the copy.
        public let finding: Finding
    }

    /// Makes a store in `directory` of what is in this one at one moment, without its free pages, while every process
    /// works on with this one.
    ///
    /// It is made beside, flushed, opened once, and gets its name when it is complete, as with `create`: what is killed
    /// or has no room leaves nothing of that name. One snapshot is open from beginning to end, so that what is deleted
    /// meanwhile takes up room until then; and where other threads of this process write, a larger map has to wait.
    ///
    /// - Parameters:
    ///   - directory: nothing may be there but an empty directory (`.occupied`).
    ///   - progress: is told now and then how far the copy is.
    ///   - look: finds out what is to be known of the copy.
    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public func copy<Finding>(
        to directory: String, progress: (CopyProgress) -> Void = { _ in },
        look: (borrowing Reading) throws -> Finding
    ) throws -> Copy<Finding> {
        let wanted = StoreDirectory(path: directory.withoutTrailingSlashes)
        try wanted.requireVacant()
        let place = try wanted.placeForNew()
        return try place.makingBeside { beside in
            let copy = try copy(into: beside, progress, look)
            guard try beside.rename(to: place) else { throw wanted.occupied() }
            return copy
        }
    }

    private func copy<Finding>(
        into beside: StoreDirectory, _ progress: (CopyProgress) -> Void, _ look: (borrowing Reading) throws -> Finding
    ) throws -> Copy<Finding> {
        let file = try FileDescriptor(beside.dataPath, O_WRONLY | O_CREAT | O_EXCL)
        let bytes = try adoptingGrowth {
            try gate.passing(.read) {
                try requireNoFailure()
                return try handle.copyCompactly(into: file, tellingOf: progress)
            }
        }
        let request = EnvironmentHandle.Request(
            directory: beside, buckets: buckets, access: .readWrite, durability: durability, options: Options(),
            identity: FileIdentity(try file.status))
        let finding = try Self.opened(request).read(look)
        try FileDescriptor(beside.path, O_RDONLY | O_DIRECTORY).synchronize()
        return Copy(bytes: bytes, finding: finding)
    }
}

extension EnvironmentHandle {
    func copyCompactly(
        into file: FileDescriptor, tellingOf progress: (Environment.CopyProgress) -> Void
    ) throws -> Int {
        let size = try information()
        let free = try freePages()
        let total = (size.usedPages - free.free - free.kept) * size.pageSize
        return try copyCompactly(into: file) { done in
            progress(Environment.CopyProgress(done: done, total: max(total, done)))
        }
    }
}
