import Glibc
public import OrderedStore

extension Environment {
    /// What became of a creation.
    public enum Creation: Sendable { case created, alreadyExisted }

    /// Creates a store in `directory`, with everything `initialise` puts in as its first commit.
    ///
    /// It is made beside, as `directory.new-PID-RANDOM`, and gets its name when it is complete and on the disk. So
    /// there is a whole store or none, whatever is killed, and of two that create at once one wins and the other's is
    /// thrown away. A killed creator leaves nothing but its `.new-` directory, which may be deleted.
    ///
    /// Errors: `.notAStore` and those of `open` for what stands there instead, an empty directory excepted;
    /// `.permission`, `.diskFull`, and what `initialise` throws.
    @discardableResult
    public static func create(
        at directory: String, buckets: [Bucket], options: Options = Options(),
        initialise: (inout Writing) throws -> Void
    ) throws -> Creation {
        requireProperBuckets(buckets)
        let wanted = StoreDirectory(path: directory.withoutTrailingSlashes)
        if try wanted.isOccupied() { return .alreadyExisted }
        let beside = try wanted.makeBeside()
        do {
            try fill(beside, buckets, options, initialise)
            if try beside.rename(to: wanted) { return .created }
        } catch {
            beside.remove()
            throw error
        }
        beside.remove()
        return .alreadyExisted
    }

    private static func fill(
        _ directory: StoreDirectory, _ buckets: [Bucket], _ options: Options,
        _ initialise: (inout Writing) throws -> Void
    ) throws {
        try directory.requireLocalFileSystem()
        let request = EnvironmentHandle.Request(
            directory: directory, buckets: buckets, access: .readWrite, durability: .full, options: options,
            identity: nil)
        try opened(request).write(initialise)
        try FileDescriptor(directory.path, O_RDONLY | O_DIRECTORY).synchronize()
    }
}

extension StoreDirectory {
    /// Whether a store is there; something else there is an error, an empty directory is not.
    func isOccupied() throws -> Bool {
        do {
            _ = try examined()
            return true
        } catch let error as EnvironmentError where error.code == .notFound {
            return false
        }
    }

    /// Makes a directory with a name of its own beside this one, for what gets this one's name when it is complete.
    func makeBeside() throws -> StoreDirectory {
        let beside = StoreDirectory(path: "\(path).new-\(getpid())-\(UInt32.random(in: 0...(.max)))")
        guard unsafe mkdir(beside.path, 0o750) == 0 else { throw EnvironmentError.system(errno, "creating it", path) }
        return beside
    }

    /// Refuses when a store, or anything but an empty directory, is there.
    func requireVacant() throws {
        let isVacant: Bool
        do { isVacant = try !isOccupied() } catch let error as EnvironmentError {
            // What cannot be taken for a store is in the way all the same.
            guard [.notAStore, .damaged, .versionMismatch, .otherBuild].contains(error.code) else { throw error }
            isVacant = false
        }
        guard isVacant else { throw occupied() }
    }

    func occupied() -> EnvironmentError {
        EnvironmentError(.occupied, "\(path): something is there already; name a place where nothing is")
    }

    /// False: somebody else's store has the name by now.
    func rename(to wanted: StoreDirectory) throws -> Bool {
        if unsafe Glibc.rename(path, wanted.path) == 0 {
            try FileDescriptor(wanted.parentPath, O_RDONLY | O_DIRECTORY).synchronize()
            return true
        }
        guard errno == ENOTEMPTY || errno == EEXIST else { throw EnvironmentError.system(errno, "rename", wanted.path) }
        guard try wanted.isOccupied() else { throw EnvironmentError.system(ENOTEMPTY, "rename", wanted.path) }
        return false
    }

    /// Deletes what a creation made.
    func remove() {
        for path in [dataPath, lockPath, openLockPath, bellPath] { unsafe unlink(path) }
        unsafe rmdir(path)
    }

    private var parentPath: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension String {
    var withoutTrailingSlashes: String {
        var path = self
        while path.count > 1, path.last == "/" { path.removeLast() }
        return path
    }
}
