import Glibc
public import OrderedStore

extension Environment {
    /// Opens the store in `directory`; nothing is created or changed there when it is missing, damaged or not ours.
    ///
    /// A process has one environment for each store: opening it again, by whatever path, gives the same object. One
    /// opened for writing also serves who asks to read only; the other way round is refused (`.alreadyOpen`), as is
    /// another durability. It is closed when the last reference is gone.
    ///
    /// - Parameter buckets: all that will be used, indexes counting from 0. Where one is missing the store is of another
    ///   version (`.versionMismatch`); which that is only a look into the buckets that are there can say.
    public static func open(
        at directory: String, buckets: [Bucket], access: Access, durability: Durability = .full,
        options: Options = Options()
    ) throws -> Environment {
        requireProperBuckets(buckets)
        let directory = StoreDirectory(path: directory)
        // Each time round somebody else has got something done.
        for _ in 0..<100 {
            let identity = try directory.examined()
            let request = EnvironmentHandle.Request(
                directory: directory, buckets: buckets, access: access, durability: durability, options: options,
                identity: identity)
            do {
                let environment = try EnvironmentRegistry.shared.environment(identity) { try opened(request) }
                try environment.requireServes(request)
                return environment
            } catch is ReplacedWhileOpening {
                // It was compacted, or restored, while this waited.
                continue
            }
        }
        throw EnvironmentError(.inUse, "\(directory.path): replaced by another store at this very moment; try again")
    }

    /// Opens what is neither missing nor open in this process yet.
    static func opened(_ request: EnvironmentHandle.Request) throws -> Environment {
        try request.requireOurs()
        let openLock = try OpenLock(request.directory, request.access)
        return try openLock.whileOthersWait {
            var guest = try OpenGuard.current(dataFile: request.identity)
            let checked = request.checkedFile(openLock, guest)
            let isAlone = try request.joining(openLock, as: guest, keeping: checked)
            if isAlone, checked == nil { try request.requireSoundPages(openLock, guest) }
            try request.prepareLockFile(isAlone: isAlone)
            let handle = try EnvironmentHandle.opened(request)
            do {
                if request.identity == nil {
                    guest = try OpenGuard.current(dataFile: handle.identity())
                    try openLock.note(guest)
                }
                let bell = try request.bell()
                if request.access == .readWrite { bell?.logbook.forgetOthers(of: guest.boot, isAlone: isAlone) }
                return try Environment(request, handle, openLock, bell)
            } catch {
                handle.close()
                throw error
            }
        }
    }

    static func requireProperBuckets(_ buckets: [Bucket]) {
        precondition(buckets.map(\.index) == Array(buckets.indices), "the indexes of the buckets must count from 0")
        precondition(Set(buckets.map(\.name)).count == buckets.count, "two buckets have the same name")
        let areNamed = buckets.allSatisfy { (1...64).contains($0.name.utf8.count) && !$0.name.utf8.contains(0) }
        precondition(areNamed, "the name of a bucket has 1 to 64 bytes and no NUL")
    }

    /// An environment that was open already must do for everybody who opens it.
    private func requireServes(_ request: EnvironmentHandle.Request) throws {
        if buckets != request.buckets {
            throw EnvironmentError(.alreadyOpen, "\(directory): this process has it open with other buckets")
        }
        if access == .readOnly && request.access == .readWrite {
            throw EnvironmentError(
                .alreadyOpen,
                "\(directory): this process has it open read-only; close that before opening it for writing")
        }
        if durability != request.durability && request.access == .readWrite {
            throw EnvironmentError(
                .alreadyOpen,
                "\(directory): this process has it open with durability \(durability), not \(request.durability)")
        }
    }
}

extension EnvironmentHandle.Request {
    /// Without open.lock it may be anybody's LMDB data: look for our buckets before anything is created beside it.
    func requireOurs() throws {
        guard identity != nil, !directory.hasOpenLock else { return }
        let names = try directory.bucketNames()
        if !buckets.contains(where: { names.contains(Array($0.name.utf8)) }) {
            throw EnvironmentError(
                .notAStore, "\(directory.path): LMDB data, but not of this program: no bucket \(buckets.map(\.name))")
        }
    }

    /// The first process that opens a store after the machine has started, or after its file was put there, looks at
    /// every page: power cuts, copies and worn-out cards do their damage in between, and LMDB would trip over it. Not in
    /// a file so large that this takes long: there `verify` does it. Whoever looks at pages with no bucket does it anyway.
    fileprivate func requireSoundPages(_ openLock: OpenLock, _ guest: OpenGuard) throws {
        guard identity != nil, !buckets.isEmpty else { return }
        let file = try directory.dataFile()
        guard try file.descriptor.status.st_size <= Self.checkedSize else { return }
        let present = try CheckedFile(file)
        try file.requireSoundPages()
        try openLock.note(guest, present)
    }

    /// The data file as it is now; nil: not all its pages were looked at since the machine started.
    fileprivate func checkedFile(_ openLock: OpenLock, _ guest: OpenGuard) -> CheckedFile? {
        guard identity != nil, !buckets.isEmpty, let known = openLock.checkedFile(of: guest) else { return nil }
        guard let present = try? CheckedFile(directory.dataFile()) else { return nil }
        return present.continues(known) ? present : nil
    }

    /// The longest file, in bytes, whose pages are all looked at by whoever opens it first: some 50 ms from memory.
    private static var checkedSize: Int { 64 << 20 }

    /// Who waited for the lock may have examined what is no longer there.
    fileprivate func joining(
        _ openLock: OpenLock, as guest: OpenGuard, keeping checked: CheckedFile?
    ) throws -> Bool {
        do {
            return try openLock.join(as: guest, keeping: checked)
        } catch {
            if let identity, try directory.examined() != identity { throw ReplacedWhileOpening() }
            throw error
        }
    }

    /// Has the disk give all of lock.mdb, which LMDB makes with holes and then maps. No environment on it is open in
    /// this process, or this would drop its locks. While others have it open its length is theirs: LMDB takes from it
    /// how many readers there may be. Who may not write it cannot read either; whatever else is wrong LMDB tells.
    func prepareLockFile(isAlone: Bool) throws {
        let file: FileDescriptor
        do {
            file = try FileDescriptor(directory.lockPath, O_RDWR | O_CREAT | O_NOFOLLOW)
        } catch let error as EnvironmentError where error.code == .permission {
            throw error
        } catch {
            return
        }
        let present = try Int(file.status.st_size)
        try file.fillHoles(upTo: isAlone ? max(present, 64 * Int(options.maximumReaders) + 128) : present)
    }

    /// A reader does without when the file is missing or not for it; then it cannot wait for changes.
    fileprivate func bell() throws -> Bell? {
        switch access {
        case .readWrite: try Bell(directory.bellPath, access)
        case .readOnly: try? Bell(directory.bellPath, access)
        }
    }
}
