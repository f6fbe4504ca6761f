import CLinux
import Glibc

/// Whom a command runs as, as its environment tells it.
public struct Account: Hashable, Sendable {
    public let name: String
    public let home: String
    public let shell: String

    public init(name: String, home: String, shell: String = "/bin/sh") {
        self.name = name
        self.home = home
        self.shell = shell
    }

    /// The effective user. One without an entry in the user database, as in many containers, goes by its number and
    /// lives in /. Its commands have /bin/sh as their shell, as cron's do.
    public static func current() -> Account {
        guard let entry = UserEntry(number: geteuid()) else { return Account(name: "\(geteuid())", home: "/") }
        return Account(name: entry.name, home: entry.home)
    }
}

/// Another account that a command is to run as, looked up before it is started: between clone and exec nothing can be.
public struct OtherAccount: Hashable, Sendable {
    public let account: Account
    let user: UInt32
    let group: UInt32
    /// All its groups, `group` among them.
    let groups: [UInt32]

    /// - Parameter text: its name, or its number.
    /// - Throws: ``CommandStartError`` when there is no such account, or when this process may not become another.
    init(_ text: String) throws(CommandStartError) {
        guard let entry = UserEntry(name: text) ?? UInt32(text).flatMap(UserEntry.init(number:)) else {
            throw CommandStartError(
                .account, "there is no account \"\(text)\" on this machine: name one that `getent passwd` lists")
        }
        guard geteuid() == 0 || geteuid() == entry.user else {
            throw CommandStartError(
                .account,
                "it is to run as \(entry.name), and this worker runs as \(Account.current().name): only a worker of root "
                    + "can start commands of others")
        }
        account = Account(name: entry.name, home: entry.home, shell: entry.shell.isEmpty ? "/bin/sh" : entry.shell)
        user = entry.user
        group = entry.group
        groups = try Self.groups(of: entry)
    }

    /// Whether this process would have to change to become it.
    var isForeign: Bool { geteuid() == 0 && user != 0 }

    private static func groups(of entry: UserEntry) throws(CommandStartError) -> [UInt32] {
        // The kernel allows no more (NGROUPS_MAX).
        for room in [64, 1_024, 65_536] {
            var groups = [gid_t](repeating: 0, count: room)
            let count = linux_groups_of(entry.name, entry.group, &groups, Int32(room))
            if count >= 0 { return Array(groups.prefix(Int(count))) }
        }
        throw CommandStartError(.account, "the account \(entry.name) is in more than 65536 groups, the kernel's limit")
    }
}

/// A line of the user database.
private struct UserEntry {
    let name: String
    let home: String
    let shell: String
    let user: UInt32
    let group: UInt32

    init?(number: UInt32) { self.init { getpwuid_r(number, $0, $1, $2, $3) } }

    init?(name: String) { self.init { getpwnam_r(name, $0, $1, $2, $3) } }

    private typealias Search = (
        UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
        UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32

    private init?(_ search: Search) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 65_536)
        guard search(&entry, &buffer, buffer.count, &found) == 0, let user = found?.pointee else { return nil }
        name = String(cString: user.pw_name)
        home = String(cString: user.pw_dir)
        shell = String(cString: user.pw_shell)
        self.user = user.pw_uid
        group = user.pw_gid
    }
}
