// How full the store is: what its pages, and the disk it is on, have left.

import CLMDB
import CLinux
import Glibc
public import OrderedStore

extension EnvironmentHandle {
    /// Call it inside a transaction, or behind the gate.
    func room() throws -> Room {
        let (_, usedPages, pageSize, _) = try information()
        let (held, freeOnDisk) = try diskUse()
        // Neither the reserve nor as much again, the last of the disk, is there to be filled.
        var room = Room(
            used: usedPages * pageSize, limit: maximumSize, held: held - 2 * reserve, freeOnDisk: freeOnDisk)
        // Counting what is free inside takes a walk, which is worth it only when the rest is nearly used up.
        if room.used > room.capacity / 4 * 3 { room.used -= try freePages() * pageSize }
        return room
    }

    /// The bytes that the data file occupies, and those that the disk has left for it.
    func diskUse() throws -> (held: Int, free: Int) {
        let descriptor = try dataDescriptor()
        var (file, disk) = (stat(), statvfs())
        guard unsafe fstat(descriptor, &file) == 0, unsafe fstatvfs(descriptor, &disk) == 0 else {
            throw EnvironmentError.system(errno, "fstatvfs", path)
        }
        return (Int(file.st_blocks) * 512, Int(disk.f_bavail) * Int(disk.f_frsize))
    }

    /// A durable store keeps a piece of the disk to itself, behind what it uses: whoever else fills the disk, what runs
    /// can still be finished.
    static let durableReserve = 1 << 20

    /// Where the file system cannot do this, or the disk is full already, there is no reserve. What an earlier process
    /// has reserved is still there: to ask again would make the next flush a dearer one.
    func reserveRoom(behind used: Int) {
        guard reserve > 0, used + reserve / 2 > reservedEnd, let disk = try? diskUse() else { return }
        reservedEnd = disk.held
        guard used + reserve / 2 > disk.held, let descriptor = try? dataDescriptor() else { return }
        if linux_reserve_room(descriptor, Int64(reserve)) == 0 { reservedEnd = used + reserve }
    }

    /// The pages that LMDB will use again before it takes new ones.
    ///
    /// LMDB shows its list of them to readers only, so that a write looks at it through a snapshot of its own.
    func freePages() throws -> Int {
        var count = 0
        try reading { transaction in
            var cursor: OpaquePointer?
            try check(unsafe mdb_cursor_open(transaction.pointer, 0, &cursor), "mdb_cursor_open")
            defer { unsafe mdb_cursor_close(cursor) }
            var (key, pages) = unsafe (MDB_val(), MDB_val())
            var status = unsafe mdb_cursor_get(cursor, &key, &pages, MDB_FIRST)
            while status == MDB_SUCCESS {
                // Each entry is a list that begins with its length.
                if unsafe pages.mv_size >= MemoryLayout<Int>.size {
                    count += unsafe pages.mv_data.loadUnaligned(as: Int.self)
                }
                status = unsafe mdb_cursor_get(cursor, &key, &pages, MDB_NEXT)
            }
            if status != MDB_NOTFOUND { try check(status, "mdb_cursor_get") }
        }
        return count
    }
}

extension EnvironmentError: RoomError {
    public var isLackOfRoom: Bool { code == .full || code == .diskFull }
}

extension Environment.Reading {
    public func room() throws -> Room { try transaction.environment.room() }
}

extension Environment.Writing {
    public func room() throws -> Room { try transaction.environment.room() }
}
