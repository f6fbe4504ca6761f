// How full the store is: what its pages, and the disk it is on, have left.

import CLMDB
import CLinux
import Glibc
public import OrderedStore
import Synchronization

extension EnvironmentHandle {
    /// Call it inside a transaction, or behind the gate. One that writes need not know to the page what is free.
    func room(isForWriter: Bool = false) throws -> Room {
        let (_, usedPages, pageSize, lastTransaction) = try information()
        let (held, freeOnDisk) = try diskUse()
        // Neither the reserve nor as much again, the last of the disk, is there to be filled.
        let kept = Self.kept(ofMap: maximumSize)
        var room = Room(
            used: usedPages * pageSize, limit: maximumSize - kept, held: held - 2 * reserve, freeOnDisk: freeOnDisk,
            kept: kept)
        // Counting what is free inside takes a walk, which is worth it only when the rest is nearly used up.
        if room.used > room.capacity / 4 * 3 {
            let known =
                isForWriter
                ? freePagesAsCounted(before: lastTransaction, capacity: room.capacity)
                : freePagesAsCounted(of: lastTransaction)
            room.used -= try (known ?? countFreePages(lastTransaction)) * pageSize
        }
        return room
    }

    /// What was counted a moment ago: no longer than 256 transactions, or as many as could use a sixteenth of the room were
    /// each to write a megabyte, or a second.
    private func freePagesAsCounted(before transaction: Int, capacity: Int) -> Int? {
        lastCount.withLock { $0 }.flatMap { count in
            let isRecent =
                transaction - count.transaction < min(256, capacity >> 24)
                && BootTime.now.since(count.time) < .seconds(1)
            return isRecent ? count.free : nil
        }
    }

    /// What was counted of that very commit. Where a snapshot kept some of it, that may have ended since.
    private func freePagesAsCounted(of transaction: Int) -> Int? {
        lastCount.withLock { $0 }.flatMap { $0.transaction == transaction && $0.kept == 0 ? $0.free : nil }
    }

    /// Nobody can count while all the snapshots that there may be are open: then nothing is taken to be free.
    private func countFreePages(_ transaction: Int) throws -> Int {
        do {
            let (free, kept) = try freePages()
            lastCount.withLock { $0 = FreeCount(transaction: transaction, time: .now, free: free, kept: kept) }
            return free
        } catch let error as EnvironmentError where error.code == .readersFull {
            return 0
        }
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

    /// What is kept at the end of the largest map. A transaction that ends an attempt copies the way to every entry that it
    /// touches, in some twenty trees, and writes the output; one that deletes copies as much. That is the same however
    /// small the map is.
    static func kept(ofMap size: Int) -> Int { min(1 << 20, size / 2) }

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

    /// The pages that LMDB will use again before it takes new ones, and those that it would but for a snapshot that may
    /// still need them.
    ///
    /// LMDB shows its list of them to readers only, so that a write looks at it through a snapshot of its own.
    func freePages() throws -> (free: Int, kept: Int) {
        var (free, kept) = (0, 0)
        try reading { transaction in
            let present = UInt64(unsafe mdb_txn_id(transaction.pointer))
            // Those of now keep nothing once the next commit is made.
            let oldest = try readers().compactMap(\.transaction).filter { $0 < present }.min()
            try transaction.eachFreed { number, pages in
                if let oldest, number >= oldest { kept += pages } else { free += pages }
            }
        }
        return (free, kept)
    }
}

/// How many pages were free, and kept by snapshots, and when.
struct FreeCount {
    let transaction: Int
    let time: BootTime
    let free: Int
    let kept: Int
}

extension TransactionHandle {
    /// Calls `body` with each transaction that has freed pages which were not used again, and how many.
    fileprivate func eachFreed(_ body: (_ transaction: UInt64, _ pages: Int) -> Void) throws {
        var cursor: OpaquePointer?
        try environment.check(unsafe mdb_cursor_open(pointer, 0, &cursor), "mdb_cursor_open")
        defer { unsafe mdb_cursor_close(cursor) }
        var (key, pages) = unsafe (MDB_val(), MDB_val())
        var status = unsafe mdb_cursor_get(cursor, &key, &pages, MDB_FIRST)
        while status == MDB_SUCCESS {
            // Under the transaction's number is a list that begins with its length.
            let size = MemoryLayout<Int>.size
            if unsafe key.mv_size == size && pages.mv_size >= size {
                unsafe body(UInt64(key.mv_data.loadUnaligned(as: UInt.self)), pages.mv_data.loadUnaligned(as: Int.self))
            }
            status = unsafe mdb_cursor_get(cursor, &key, &pages, MDB_NEXT)
        }
        if status != MDB_NOTFOUND { try environment.check(status, "mdb_cursor_get") }
    }
}

extension EnvironmentError: RoomError {
    public var isLackOfRoom: Bool { code == .full || code == .diskFull }
}

extension Environment.Reading {
    public func room() throws -> Room { try transaction.environment.room() }
}

extension Environment.Writing {
    /// What is free inside the store may be as it was a moment ago, where the store is large: counting takes a while.
    public func room() throws -> Room { try transaction.environment.room(isForWriter: true) }
}
