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
        let place = try wanted.placeForNew()
        return try place.makingBeside { beside in
            try beside.fill(buckets, .full, options) { try $0.write(initialise) }
            if try beside.rename(to: place) { return .created }
            beside.remove()
            return .alreadyExisted
        }
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

    /// Where links lead to: what is to be put in this place has to be made on the same file system.
    var resolved: StoreDirectory {
        if let whole = path.resolved { return StoreDirectory(path: whole) }
        guard let parent = parentPath.resolved else { return self }
        let name = path.split(separator: "/").last ?? ""
        return StoreDirectory(path: parent == "/" ? "/\(name)" : "\(parent)/\(name)")
    }

    /// The place where links lead to, for a directory that is made beside it and gets its name. Refuses where that cannot
    /// be.
    func placeForNew() throws -> StoreDirectory {
        let place = resolved
        try place.requireNoMount()
        var (present, here) = (stat(), stat())
        if unsafe stat(place.path, &present) == 0, unsafe stat(".", &here) == 0,
            FileIdentity(present) == FileIdentity(here)
        {
            throw EnvironmentError(
                .occupied,
                "\(place.path): you are in this folder, and a new store would take its place; name a folder inside it, "
                    + "such as signalbox.store")
        }
        return place
    }

    /// Refuses a directory that a file system is mounted on: nothing beside it is on that one.
    func requireNoMount() throws {
        var (present, parent) = (stat(), stat())
        guard unsafe stat(path, &present) == 0, unsafe stat(parentPath, &parent) == 0 else { return }
        if present.st_dev != parent.st_dev { throw mounted() }
    }

    private func mounted() -> EnvironmentError {
        EnvironmentError(
            .occupied,
            "\(path): a file system is mounted here, and nothing can take the place of that; name a folder inside it, such "
                + "as \(path)/signalbox.store")
    }

    /// Makes a directory with a name of its own beside this one, for what gets this one's name when it is complete. Where
    /// `body` throws, it is removed.
    func makingBeside<Result>(_ body: (StoreDirectory) throws -> Result) throws -> Result {
        let beside = StoreDirectory(path: "\(path).new-\(getpid())-\(UInt32.random(in: 0...(.max)))")
        guard unsafe mkdir(beside.path, 0o750) == 0 else { throw EnvironmentError.system(errno, "creating it", path) }
        do {
            try beside.requireLocalFileSystem()
            return try body(beside)
        } catch {
            beside.remove()
            throw error
        }
    }

    /// Makes a store here, and fills it; it is closed when this is done, and its name in the directory is on the disk.
    func fill(
        _ buckets: [Bucket], _ durability: Environment.Durability, _ options: Environment.Options,
        _ body: (Environment) throws -> Void
    ) throws {
        let request = EnvironmentHandle.Request(
            directory: self, buckets: buckets, access: .readWrite, durability: durability, options: options,
            identity: nil)
        try body(Environment.opened(request))
        try FileDescriptor(path, O_RDONLY | O_DIRECTORY).synchronize()
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
        if errno == EBUSY { throw wanted.mounted() }
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
    /// Nil: there is nothing at this path.
    fileprivate var resolved: String? {
        guard let whole = unsafe realpath(self, nil) else { return nil }
        defer { unsafe free(whole) }
        return unsafe String(cString: whole)
    }

    var withoutTrailingSlashes: String {
        var path = self
        while path.count > 1, path.last == "/" { path.removeLast() }
        return path
    }
}
