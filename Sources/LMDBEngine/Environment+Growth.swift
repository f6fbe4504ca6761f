// The map follows the store as it grows. Ahead of need where that can be seen, so that writes do not have to be done
// twice; else when a write meets the end of the map: then all of it is undone, the map replaced, and the write done
// again. Other processes are told by LMDB at their next transaction.
//
// None of this needs the writer lock. A map belongs to its process, and its size gets into the file only with a commit,
// under the lock; if another process lets the store outgrow the new map before it is used, the next transaction says so
// (`.mapOutgrown`), and the map is replaced once more.

import CLMDB
import OrderedStore

extension Environment {
    /// Runs `transact` again, with a larger map, when another process let the store outgrow this one's, or when what it
    /// writes does not fit.
    func adoptingGrowth<Result>(_ transact: () throws -> Result) throws -> Result {
        while true {
            do {
                return try transact()
            } catch let error as EnvironmentError where error.code == .mapOutgrown {
                guard try replacingMap({ try handle.follow() }) else { throw error }
            } catch let error as EnvironmentError where error.code == .full {
                var hasRoom = false
                guard try replacingMap({ hasRoom = try handle.makeRoom() }) else { throw error }
                if !hasRoom { throw try full() }
            } catch let error as EnvironmentError where error.code == .diskFull {
                // There may be room in the file itself, which only a reader that was killed keeps.
                guard try handle.checkReaders() > 0 else { throw error }
            }
        }
    }

    /// Gives a write that is about to begin a larger map when little is left of the present one, and no killed reader
    /// has kept what could be used again.
    func growAhead() throws {
        let isShort = try gate.passing(.read) {
            try requireNoFailure()
            return try handle.isShortOfRoom()
        }
        guard isShort, try handle.checkReaders() == 0 else { return }
        _ = try replacingMap { _ = try handle.grow() }
    }

    /// Runs `body` while no transaction of this process is open. False: this very thread has one; whoever began that
    /// has to end it, and try again.
    private func replacingMap(_ body: () throws -> Void) throws -> Bool {
        do {
            return try gate.alone(body)
        } catch let error as EnvironmentError where error.code == .failedEarlier {
            refuseEverything(because: error)
            throw error
        }
    }

    private func full() throws -> EnvironmentError {
        let room = try gate.passing(.read) { try handle.room() }
        return EnvironmentError(
            .full,
            "\(directory): full: \(room.used) of at most \(handle.maximumSize) bytes are in use, and this change needs more. "
                + "Delete what is not needed any more: that makes room at once.")
    }
}

extension Environment.Writing {
    /// LMDB's number of this transaction.
    var number: UInt64 { UInt64(unsafe mdb_txn_id(transaction.pointer)) }
}
