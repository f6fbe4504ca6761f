// LMDB copies a snapshot itself, page by page and without what is free, into any descriptor. It never flushes, stops for
// a signal, and tells nobody how far it is: so it writes into a pipe here, from a thread that takes no signals, and what
// comes out of the pipe is written, counted and flushed by the caller.

import CLMDB
import CLinux
import Glibc

extension EnvironmentHandle {
    /// How much is written between two flushes: a flush of everything at the end would keep the writers of the store
    /// waiting, whose own flushes come behind it.
    private static let flushDistance = 16 << 20

    /// Writes what is stored now into the empty `file`, flushed, and answers how many bytes that are. A snapshot is open
    /// meanwhile: call it behind the gate.
    /// - Parameter progress: is told how many bytes are written.
    func copyCompactly(into file: FileDescriptor, _ progress: (Int) -> Void) throws -> Int {
        let pipe = try CopyPipe(path)
        let call = try unsafe CopyCall(pointer, pipe.entry, path)
        let copied = Result { try pipe.drain(into: file, flushEvery: Self.flushDistance, progress) }
        let status = call.join()
        let count = try copied.get()
        if status == MDB_INCOMPATIBLE { throw leaked() }
        try check(status, "mdb_env_copyfd2")
        try file.synchronize()
        return count
    }

    /// Where it reaches pages by its trees and by its list of free ones, LMDB expects to have reached them all.
    private func leaked() -> EnvironmentError {
        EnvironmentError(
            .damaged,
            "\(path): some pages of the data file are neither used nor free (a page leak), and LMDB makes no compact copy "
                + "of such a file. What is stored is whole: `signalbox dump` writes it, and `signalbox restore` makes a "
                + "sound store of that.")
    }
}

/// A pipe through which a copy comes.
private struct CopyPipe {
    /// The end that LMDB writes into; given to who closes it.
    let entry: CInt
    private let exit: FileDescriptor

    init(_ path: String) throws {
        var ends: [CInt] = [-1, -1]
        let status = unsafe ends.withUnsafeMutableBufferPointer { unsafe linux_pipe($0.baseAddress!) }
        if status != 0 { throw EnvironmentError.system(status, "pipe", path) }
        (entry, exit) = (ends[1], FileDescriptor(owning: ends[0], path))
        _ = fcntl(exit.number, F_SETFL, 0)
    }

    /// Writes all that comes into `file`. Once that fails the rest is read to its end all the same: a writer into a pipe
    /// that nobody reads would be sent a signal, for which LMDB waits even where the process ignores it.
    func drain(into file: FileDescriptor, flushEvery distance: Int, _ progress: (Int) -> Void) throws -> Int {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var (count, flushed) = (0, 0)
        var failure: (any Error)?
        while true {
            let got = try exit.read(into: &buffer)
            if got == 0 { break }
            if failure != nil { continue }
            do {
                try file.append(buffer[..<got])
                count += got
                if count - flushed >= distance {
                    try file.synchronize()
                    flushed = count
                }
            } catch {
                failure = error
            }
            progress(count)
        }
        if let failure { throw failure }
        return count
    }
}

/// A thread that has LMDB copy, and closes the pipe behind it.
@safe private final class CopyCall {
    private let environment: OpaquePointer
    private let descriptor: CInt
    private var thread = pthread_t()
    private var status: CInt = 0

    init(_ environment: OpaquePointer, _ descriptor: CInt, _ path: String) throws {
        unsafe self.environment = environment
        self.descriptor = descriptor
        let failure = start()
        guard failure == 0 else {
            close(descriptor)
            throw EnvironmentError.system(failure, "pthread_create", path)
        }
    }

    /// The thread inherits the mask of the one that makes it, and so does the one that LMDB makes for itself.
    private func start() -> CInt {
        var (all, before) = (sigset_t(), sigset_t())
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        return unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<CopyCall>.fromOpaque(context).takeUnretainedValue().copy()
                return nil
            }, context)
    }

    private func copy() {
        status = unsafe mdb_env_copyfd2(environment, descriptor, UInt32(MDB_CP_COMPACT))
        close(descriptor)
    }

    /// Waits for the end of the copy, and answers LMDB's status.
    func join() -> CInt {
        pthread_join(thread, nil)
        return status
    }
}
