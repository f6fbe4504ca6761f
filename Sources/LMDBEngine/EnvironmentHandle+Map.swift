// Replacing the map by a larger one. LMDB lets go of the present map before it asks for the other: if it does not get
// that, nothing is left to read from. So address space is asked for first.

import CLMDB
import Glibc

extension EnvironmentHandle {
    var mapSize: Int { get throws { try information().mapSize } }

    /// Whether a write that begins now should find a larger map, and there is one to be had; renews the reserve on the
    /// disk. Not while the map is being replaced (Gate).
    func isShortOfRoom() throws -> Bool {
        let (mapSize, usedPages, pageSize, _) = try information()
        let used = usedPages * pageSize
        reserveRoom(behind: used)
        return mapSize < maximumSize && MapSize.isShort(used: used, of: mapSize)
    }

    /// Replaces the map by one that holds all that other processes have committed. Call it while no transaction of this
    /// process is open (Gate).
    func follow() throws {
        let meta = try newestMeta()
        let needed = (Int(meta.lastPage) + 1) * meta.pageSize
        let wanted = try max(needed, meta.mapSize, mapSize)
        guard let size = MapSize.affordable(wanted, atLeast: needed, fits: hasAddressSpace) else {
            throw EnvironmentError(
                .systemCall(ENOMEM),
                "\(path): the store has grown to \(needed) bytes, and this process may not have so much address space "
                    + "(ulimit -v). Allow it more.")
        }
        try setMapSize(size)
    }

    /// Makes room for a change that met the end of the map: by what other processes have, by clearing away readers that
    /// were killed, or by a larger map. False: there is no more to be had. Call it as `follow`.
    func makeRoom() throws -> Bool {
        if try newestMeta().mapSize > mapSize {
            try follow()
            return true
        }
        if try checkReaders() > 0 { return true }
        return try grow()
    }

    /// Replaces the map by the next larger one; false: there is none. Call it as `follow`.
    func grow() throws -> Bool {
        let present = try mapSize
        guard let next = MapSize.next(after: present, maximum: maximumSize) else { return false }
        let least = min(present + MapSize.smallestStep, next)
        guard let size = MapSize.affordable(next, atLeast: least, fits: hasAddressSpace) else {
            lowerMaximum(to: present)
            return false
        }
        try setMapSize(size)
        return true
    }

    /// The newest commit as the file has it, which may be one that this process's map does not hold.
    func newestMeta() throws -> MetaPage {
        try DataFile(descriptor: FileDescriptor(duplicating: try dataDescriptor(), path)).newestMeta()
    }

    private func setMapSize(_ size: Int) throws {
        let status = unsafe mdb_env_set_mapsize(pointer, size)
        if status == MDB_SUCCESS { return }
        // EINVAL leaves the map as it was, and would be a programmer's error: a transaction is open.
        if status == EINVAL { throw EnvironmentError.lmdb(status, "mdb_env_set_mapsize", path) }
        throw EnvironmentError(
            .failedEarlier,
            "\(path): a map of \(size) bytes could not be had, and the present one is gone: this process may not go on "
                + "with the store. Start it again.")
    }
}

/// Whether so much can be mapped beside all that is mapped now.
private func hasAddressSpace(_ size: Int) -> Bool {
    let space = unsafe mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let space = unsafe space, unsafe space != MAP_FAILED else { return false }
    unsafe munmap(space, size)
    return true
}
