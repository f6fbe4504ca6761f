// Safe LMDB behind the seam. One `Environment` stands for one data file in this process and is closed when nobody holds
// it any more; what LMDB leaves to its users' discipline, this module sees to: see OpenLock, OpenGuard, DataFile, Gate.

import Glibc
public import OrderedStore
import Synchronization

/// An open store: ordered buckets in one LMDB data file, shared with other processes.
///
/// Not to be used by a child after fork; start programs by exec or posix_spawn.
public final class Environment: OrderedStore, @unchecked Sendable {
    /// The directory it was first opened by.
    public let directory: String
    public let access: Access
    public let durability: Durability
    public let buckets: [Bucket]

    let handle: EnvironmentHandle
    let identity: FileIdentity
    private let openLock: OpenLock
    /// Nil: opened read-only where there is none.
    private let bell: Bell?
    private let gate = Gate()
    private let hasFailed = Atomic(false)

    init(
        _ request: EnvironmentHandle.Request, _ handle: EnvironmentHandle, _ openLock: OpenLock, _ bell: Bell?
    ) throws {
        directory = request.directory.path
        access = request.access
        durability = request.durability
        buckets = request.buckets
        identity = try handle.identity()
        self.handle = handle
        self.openLock = openLock
        self.bell = bell
    }

    deinit {
        EnvironmentRegistry.shared.closing(identity) {
            // Closing without the lock would only risk what LMDB 0.9.26 to 0.9.31 get wrong.
            if (try? openLock.whileOthersWait { handle.close() }) == nil { handle.close() }
        }
    }

    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public func read<Result>(_ body: (borrowing Reading) throws -> Result) throws -> Result {
        do {
            return try reading(body)
        } catch let error as EnvironmentError where error.code == .damaged {
            // A thread kept from running while it took its snapshot may miss pages that are there: look again.
            return try reading(body)
        }
    }

    private func reading<Result>(_ body: (borrowing Reading) throws -> Result) throws -> Result {
        try adoptingGrowth {
            try gate.passing(.read) {
                try requireNoFailure()
                return try body(Reading(handle))
            }
        }
    }

    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public func write<Result>(_ body: (inout Writing) throws -> Result) throws -> Result {
        guard access == .readWrite else {
            throw EnvironmentError(.readOnly, "\(directory): opened read-only; open it for writing to change it")
        }
        let (result, interests) = try adoptingGrowth {
            try gate.passing(.write) { try committing(body) }
        }
        bell?.ring(interests)
        return result
    }

    public func watch(_ interests: InterestSet) throws -> Watch {
        guard let bell else {
            throw EnvironmentError(
                .notFound, "\(directory)/bell is missing, so nobody could wake us; open the store for writing once")
        }
        return Watch(bell, interests)
    }

    private func committing<Result>(_ body: (inout Writing) throws -> Result) throws -> (Result, InterestSet) {
        try requireNoFailure()
        var transaction = try Writing(handle)
        let result = try body(&transaction)
        let interests = transaction.interests
        do {
            try transaction.commit()
        } catch let error as EnvironmentError {
            if error.code == .systemCall(EIO) && handle.isDiskFull() {
                throw EnvironmentError.system(ENOSPC, "commit", directory)
            }
            if error.leavesDoubt { hasFailed.store(true, ordering: .relaxed) }
            throw error
        }
        return (result, interests)
    }

    /// Runs `transact` again when another process let the store outgrow this one's map, with a larger map.
    private func adoptingGrowth<Result>(_ transact: () throws -> Result) throws -> Result {
        while true {
            do {
                return try transact()
            } catch let error as EnvironmentError where error.code == .mapOutgrown {
                guard try gate.alone({ try handle.adoptMapSize() }) else { throw error }
            } catch let error as EnvironmentError where error.code == .full {
                guard let larger = try largerMapSize() else { throw error }
                guard try gate.alone({ try handle.setMapSize(larger) }) else { throw error }
            }
        }
    }

    /// Another process may use a larger map than this one, and there is room in that.
    private func largerMapSize() throws -> Int? {
        let data = DataFile(descriptor: try FileDescriptor(StoreDirectory(path: directory).dataPath, O_RDONLY))
        let mapSize = try data.newestMeta().mapSize
        return try mapSize > handle.mapSize() ? mapSize : nil
    }

    private func requireNoFailure() throws {
        if hasFailed.load(ordering: .relaxed) { throw EnvironmentError.failedEarlier(directory) }
    }
}

extension EnvironmentError {
    /// Whether, after a commit failed like this, memory and disk may differ.
    fileprivate var leavesDoubt: Bool {
        switch code {
        case .systemCall(EIO), .failedEarlier: true
        default: false
        }
    }
}
