// Who has a store open. The kernel lists the processes behind the locks that LMDB takes on lock.mdb (proc(5), locks), for
// every user and without the right to look into these processes. No file of the store is opened for this.

import Glibc

/// A process that has a store open, be it one of ours or of LMDB's own tools.
struct StoreUser: Hashable {
    let process: Int32

    /// "process 4711 (signalbox worker)".
    var description: String {
        guard let name else { return "process \(process)" }
        return "process \(process) (\(name))"
    }

    /// Program and subcommand, where they are plain words: arguments may hold anything, and are nobody's business.
    private var name: String? {
        let bytes = (try? FileDescriptor("/proc/\(process)/cmdline", O_RDONLY).bytes(at: 0, count: 4096)) ?? []
        let words = String(decoding: bytes, as: UTF8.self).split(separator: "\0").prefix(2)
        guard let program = words.first?.split(separator: "/").last, program.isPlainWord else { return nil }
        guard words.count > 1, words[1].isPlainWord else { return String(program) }
        return "\(program) \(words[1])"
    }
}

extension StoreUser {
    /// Those who hold the first byte of a file.
    /// - Parameters:
    ///   - file: its device and its inode, as in "fe:01:131089".
    ///   - list: the kernel's list of locks.
    static func holders(of file: Substring, in list: String) -> [StoreUser] {
        let holders = list.split(separator: "\n").compactMap { line -> (file: Substring, process: Int32)? in
            // 3: POSIX ADVISORY READ 4711 fe:01:131089 0 0; who waits for a lock has "->" before POSIX.
            let words = line.split(separator: " ")
            guard words.count == 8, words[1] == "POSIX", words[6] == "0", let process = Int32(words[4]), process > 0
            else { return nil }
            return (words[5], process)
        }
        var found = holders.filter { $0.file == file }
        if found.isEmpty, file.hasPrefix("00:") {
            // Such a device is made up. Of btrfs, and of overlays, the list has another than stat(2).
            let inode = file.split(separator: ":").last
            found = holders.filter { $0.file.split(separator: ":").last == inode }
        }
        return Set(found.map(\.process)).sorted().map(StoreUser.init)
    }
}

extension StoreDirectory {
    /// The processes of this PID namespace that have the store open; empty where the kernel does not tell.
    func users() -> [StoreUser] {
        var status = stat()
        guard unsafe stat(lockPath, &status) == 0,
            let bytes = try? FileDescriptor("/proc/locks", O_RDONLY).bytes(at: 0, count: 1 << 20)
        else { return [] }
        return StoreUser.holders(of: status.lockName, in: String(decoding: bytes, as: UTF8.self))
    }

    /// "process 4711 (signalbox worker) and process 4713 (mdb_dump)".
    func usersInWords() -> String {
        let users = users().map(\.description)
        guard let last = users.last else { return "a process that cannot be seen from here, perhaps of a container" }
        return users.count == 1 ? last : users.dropLast().joined(separator: ", ") + " and " + last
    }

    func inUse() -> EnvironmentError {
        EnvironmentError(
            .inUse,
            "\(path): in use by \(usersInWords()); end what has the store open, then try again. Nothing was changed.")
    }
}

extension stat {
    /// A file as the kernel's list of locks names it: the numbers of its device in hexadecimal, and its inode.
    fileprivate var lockName: Substring {
        let device = UInt64(st_dev)
        let major = device >> 8 & 0xfff | device >> 32 & ~0xfff
        let minor = device & 0xff | device >> 12 & ~0xff
        let parts = [major, minor].map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }
        return "\(parts[0]):\(parts[1]):\(st_ino)"
    }
}

extension Substring {
    fileprivate var isPlainWord: Bool {
        guard let first = utf8.first, first != UInt8(ascii: "-") else { return false }
        return utf8.count <= 32
            && utf8.allSatisfy { byte in
                let character = Character(UnicodeScalar(byte))
                return character.isASCII
                    && (character.isLetter || character.isNumber || character == "-" || character == "_")
            }
    }
}
