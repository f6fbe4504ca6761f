// Safe LMDB behind the seam. One `Environment` stands for one data file in this process and is closed when nobody holds
// it any more; what LMDB leaves to its users' discipline, this module sees to: see OpenLock, OpenGuard, DataFile, Gate.

import CLinux
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
    /// Which file the store is in, whatever its path: a copy is another.
    public var dataFile: (device: UInt64, inode: UInt64) { (UInt64(identity.device), UInt64(identity.inode)) }

    let handle: EnvironmentHandle
    let identity: FileIdentity
    let openLock: OpenLock
    /// Nil: opened read-only where there is none.
    let bell: Bell?
    let gate = Gate()
    private let groupCommit = GroupCommit()
    private let turn = WriterTurn()
    private let hasFailed = Atomic(false)
    /// What has failed, if anything has.
    private let failure = Mutex<EnvironmentError?>(nil)

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
            let close = { [handle, openLock] in
                handle.close()
                // Whoever gets the flock next is to find that nobody has the store open.
                openLock.letGo()
            }
            // Closing without the lock would only risk what LMDB 0.9.26 to 0.9.31 get wrong.
            if (try? openLock.whileOthersWait(close)) == nil { close() }
        }
    }

    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public func read<Result>(_ body: (borrowing Reading) throws -> Result) throws -> Result {
        try looking { try body(Reading(handle)) }
    }

    /// Runs `look` while the map stays where it is.
    func looking<Result>(_ look: () throws -> Result) throws -> Result {
        do {
            return try lookingOnce(look)
        } catch let error as EnvironmentError where error.code == .damaged {
            // A thread kept from running while it took its snapshot may miss pages that are there: look again.
            return try lookingOnce(look)
        }
    }

    private func lookingOnce<Result>(_ look: () throws -> Result) throws -> Result {
        try adoptingGrowth {
            try gate.passing(.read) {
                try requireNoFailure()
                return try look()
            }
        }
    }

    /// Threads that write at the same time share a transaction; the error of one undoes only what that one did.
    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public func write<Result>(_ body: (inout Writing) throws -> Result) throws -> Result {
        guard access == .readWrite else {
            throw EnvironmentError(.readOnly, "\(directory): opened read-only; open it for writing to change it")
        }
        gate.requireOutside()
        var result: Result?
        try withoutActuallyEscaping(body) { body in
            try groupCommit.perform(WriteRequest { transaction in result = try body(&transaction) }, commit)
        }
        guard let result else { fatalError("a request that was written has run") }
        return result
    }

    public func watch(_ interests: InterestSet) throws -> Watch {
        guard let bell else {
            throw EnvironmentError(
                .notFound, "\(directory)/bell is missing, so nobody could wake us; open the store for writing once")
        }
        return Watch(bell, interests)
    }

    /// Writes a batch in one transaction. When there is no room for all of it, each has a transaction of its own, so
    /// that only what does not fit is refused.
    private func commit(_ batch: [WriteRequest]) {
        do {
            try growAhead()
            let interests = try adoptingGrowth {
                try gate.passing(.write) {
                    defer { bell?.logbook.ended() }
                    return try batch.count == 1 ? committing(batch[0]) : committing(batch)
                }
            }
            bell?.ring(interests)
            if durability != .volatile { turn.commitEnded(othersWait: bell?.logbook.hasWaitingWriter() ?? false) }
        } catch let error as EnvironmentError where error.isLackOfRoom && batch.count > 1 {
            for request in batch { commit([request]) }
        } catch {
            for request in batch { request.failure = error }
        }
    }

    private func committing(_ request: WriteRequest) throws -> InterestSet {
        request.failure = nil
        var transaction = try begun()
        try request.run(&transaction)
        return try committing(transaction)
    }

    /// Each request has a transaction inside the transaction, which is undone alone when it fails.
    private func committing(_ batch: [WriteRequest]) throws -> InterestSet {
        var transaction = try begun()
        for request in batch {
            request.failure = nil
            var part = try Writing(inside: transaction)
            do {
                try request.run(&part)
                transaction.notify(part.interests)
                try part.commit()
            } catch let error as EnvironmentError where error.isLackOfRoom {
                throw error
            } catch {
                request.failure = error
            }
        }
        return try committing(transaction)
    }

    private func begun() throws -> Writing {
        try requireNoFailure()
        let began = bell?.logbook.willWait()
        defer { if let began { bell?.logbook.waitEnded(began) } }
        let transaction = try Writing(handle)
        bell?.logbook.began()
        // Here, whoever it is that writes, for there may be nobody else who would.
        if transaction.number.isMultiple(of: Self.readerCheckDistance) { _ = try handle.checkReaders() }
        return transaction
    }

    /// After so many commits, of all processes, the readers that were killed are let go: until then a few pages for each
    /// commit cannot be used again. It costs a system call for each process that has the store open.
    private static let readerCheckDistance: UInt64 = 32

    private func committing(_ transaction: consuming Writing) throws -> InterestSet {
        let (interests, number) = (transaction.interests, transaction.number)
        let writtenBefore = durability == .volatile ? 0 : linux_bytes_written_by_thread()
        let flushesBefore = linux_flushes_by_thread()
        bell?.logbook.willCommit(number)
        do {
            try transaction.commit()
        } catch let error as EnvironmentError {
            throw failure(of: error, flushesBefore)
        }
        // One that has changed nothing is not a commit.
        if let bell, try handle.information().lastTransaction >= number {
            let written = durability == .volatile ? 0 : linux_bytes_written_by_thread() - writtenBefore
            bell.logbook.committed(bytes: written)
        }
        return interests
    }

    /// What to tell of a commit that came to `error`.
    ///
    /// LMDB writes pages, flushes them, and writes a meta page that is flushed with it. Until the first flush nothing
    /// that a commit has done counts: the pages were free ones. What comes after that is in doubt, and whether the disk
    /// was full cannot tell the two apart: where blocks are chosen late, a flush too may find no room.
    private func failure(of error: EnvironmentError, _ flushesBefore: UInt64) -> EnvironmentError {
        if error.code == .full { return error }
        guard handle.hasNotFlushed(since: flushesBefore) else { return failed(error) }
        guard error.code == .systemCall(EIO) else { return error }
        return handle.lackOfRoom().map { EnvironmentError.system($0, "commit", directory) } ?? failed(error)
    }

    /// What the disk holds is in doubt: memory may show what is not there, and a later flush that succeeds would say
    /// nothing of what an earlier one has lost. So nothing more is read or written here, even where the disk was full.
    private func failed(_ error: EnvironmentError) -> EnvironmentError {
        let cause = error.message.hasSuffix(".") ? error.message : "\(error.message)."
        let wayOut =
            error.code == .systemCall(EIO)
            ? "Start it again" : "See what the disk has to say (dmesg), then start it again"
        let failure = EnvironmentError(
            .failedEarlier,
            "\(cause) What the disk has of this commit is in doubt, so this process may not go on with the store; nothing "
                + "acknowledged is lost. \(wayOut).")
        refuseEverything(because: failure)
        return failure
    }

    /// From now on, and with the same words for all of the process: whichever thread says them first, they name the cause.
    func refuseEverything(because error: EnvironmentError) {
        failure.withLock { $0 = $0 ?? error }
        hasFailed.store(true, ordering: .releasing)
    }

    func requireNoFailure() throws {
        guard hasFailed.load(ordering: .acquiring) else { return }
        throw failure.withLock { $0 } ?? EnvironmentError.failedEarlier(directory)
    }
}
