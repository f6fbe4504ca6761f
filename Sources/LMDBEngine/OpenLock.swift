// The file open.lock stands guard over what LMDB cannot see for itself. Whoever opens or closes the environment holds a
// flock on it (liblmdb 0.9.26 to 0.9.31 fail when both happen at once); whoever has it open holds byte 0 shared, which
// tells the next one whether it is alone; and its text says what all who share the store must have in common.

import CLinux
import Glibc

/// This process's hold on open.lock. Closing it gives everything back.
final class OpenLock: Sendable {
    private let descriptor: FileDescriptor
    private let mayWrite: Bool
    private let directory: StoreDirectory

    /// Opens the file, creating it where it is missing, as beside a data file that LMDB's own tools have made; takes no
    /// lock yet.
    init(_ directory: StoreDirectory, _ access: Environment.Access) throws {
        self.directory = directory
        let path = directory.openLockPath
        do {
            descriptor = try FileDescriptor(path, O_RDWR | O_NOFOLLOW | O_CREAT)
            mayWrite = true
        } catch let error as EnvironmentError where error.code == .permission && access == .readOnly {
            descriptor = try Self.presentFile(path)
            mayWrite = false
        }
    }

    private static func presentFile(_ path: String) throws -> FileDescriptor {
        do {
            return try FileDescriptor(path, O_RDONLY | O_NOFOLLOW)
        } catch let error as EnvironmentError where error.code == .notFound {
            throw EnvironmentError(
                .permission,
                "\(path) is missing, and only who may write there can make it: let its owner open the store.")
        }
    }

    /// Runs `body` while no other process opens or closes this environment. Where it throws, nothing has been joined.
    func whileOthersWait<Result>(_ body: () throws -> Result) throws -> Result {
        while flock(descriptor.number, LOCK_EX) != 0 {
            if errno != EINTR { throw EnvironmentError.system(errno, "flock", descriptor.path) }
        }
        defer { flock(descriptor.number, LOCK_UN) }
        do { return try body() } catch {
            letGo()
            throw error
        }
    }

    /// Leaves those who have the store open, before anybody may look who they are. Call it inside `whileOthersWait`.
    func letGo() { linux_lock_byte(descriptor.number, 0, linux_lock_none) }

    /// Joins those who have the store open, or refuses with the reason. Call it inside `whileOthersWait`.
    /// - Parameter checked: the data file of which it goes on standing there that its pages were looked at.
    /// - Returns: whether there are no others.
    func join(as guest: OpenGuard, keeping checked: CheckedFile?) throws -> Bool {
        let isAlone = try isAlone()
        if !isAlone {
            try requireMatch(guest)
        } else if mayWrite {
            try note(guest, checked)
        } else {
            try requirePresentText(guest)
        }
        let status = linux_lock_byte(descriptor.number, 0, linux_lock_shared)
        if status != 0 { throw EnvironmentError.system(status, "fcntl", descriptor.path) }
        return isAlone
    }

    /// Takes byte 0 alone; false: somebody has the store open. Call it inside `whileOthersWait`.
    func takeAlone() throws -> Bool { try isAlone() }

    /// Writes down what those who join have to have in common, where this process may do so.
    /// - Parameter checked: a data file of which all pages can be believed.
    func note(_ guest: OpenGuard, _ checked: CheckedFile? = nil) throws {
        if mayWrite { try descriptor.replaceContent(with: guest.text + CheckedFile.line(of: checked)) }
    }

    private func isAlone() throws -> Bool {
        let status =
            mayWrite
            ? linux_lock_byte(descriptor.number, 0, linux_lock_exclusive)
            : linux_lock_probe(descriptor.number, 0, linux_lock_exclusive)
        switch status {
        case 0: return true
        case 1 where !mayWrite, EAGAIN where mayWrite, EACCES where mayWrite: return false
        default: throw EnvironmentError.system(abs(status), "fcntl", descriptor.path)
        }
    }

    private func requireMatch(_ guest: OpenGuard) throws {
        if let refusal = guest.refusal(besideHolderOf: try text()) {
            if refusal.code == .inUse { throw directory.staysOpenElsewhere() }
            throw EnvironmentError(refusal.code, "\(descriptor.path): \(refusal.message)")
        }
    }

    /// Alone, but without the right to say so: whoever comes next would be measured by what is written there now.
    private func requirePresentText(_ guest: OpenGuard) throws {
        if OpenGuard(text: try text()) == guest { return }
        throw EnvironmentError(
            .permission,
            "\(descriptor.path): nobody who may write this file has opened the store since the last boot. Let its "
                + "owner open it first.")
    }

    /// The data file of which it stands there that all its pages were looked at since the machine started.
    func checkedFile(of guest: OpenGuard) -> CheckedFile? {
        guard let text = try? text(), OpenGuard(text: text)?.boot == guest.boot else { return nil }
        return CheckedFile(text: text)
    }

    private func text() throws -> String { String(decoding: try descriptor.bytes(at: 0, count: 4096), as: UTF8.self) }
}

extension StoreDirectory {
    /// Those who have this store open hold another data file, and lock.mdb is theirs.
    fileprivate func staysOpenElsewhere() -> EnvironmentError {
        EnvironmentError(
            .inUse,
            "\(path): its data file was replaced while \(usersInWords()) had it open, and works on with the old one; "
                + "end that, then try again")
    }
}

/// A data file of which all pages were looked at. Its inode alone would not do: a file that is put in the place of a
/// deleted one often gets the same; so the moment that it was made belongs to it. What is copied over it keeps both; so
/// does the number of its newest transaction, which never falls while it is the same, and of a compact copy is 1.
struct CheckedFile: Equatable {
    private let identity: FileIdentity
    /// Nanoseconds since 1970; 0 where the file system does not keep it.
    private let born: Int64
    private let transaction: UInt64

    init(_ file: DataFile) throws {
        identity = FileIdentity(try file.descriptor.status)
        born = linux_birth_time(file.descriptor.number)
        transaction = try file.newestMeta().transaction
    }

    /// Whether this is what another has become by further transactions.
    func continues(_ other: CheckedFile) -> Bool {
        identity == other.identity && born == other.born && transaction >= other.transaction
    }

    /// Nil: the text names none.
    fileprivate init?(text: String) {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(Self.word) }) else { return nil }
        let fields = line.dropFirst(Self.word.count).split(separator: " ")
        guard fields.count == 4, let device = UInt(fields[0]), let inode = UInt(fields[1]),
            let born = Int64(fields[2]), let transaction = UInt64(fields[3])
        else { return nil }
        identity = FileIdentity(device: device, inode: inode)
        self.born = born
        self.transaction = transaction
    }

    private static let word = "checked: "

    /// As long as four numbers can be.
    private static let width = 83

    /// Always there, and always as long: a process that is killed before it has cut off what a longer text has left
    /// leaves no line of an earlier one.
    fileprivate static func line(of file: CheckedFile?) -> String {
        let words = file.map { "\($0.identity.device) \($0.identity.inode) \($0.born) \($0.transaction)" } ?? "-"
        return word + words + String(repeating: " ", count: width - words.utf8.count) + "\n"
    }
}
