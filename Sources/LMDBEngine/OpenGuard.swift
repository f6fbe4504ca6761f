// What all processes that share a store must have in common. LMDB's locks are POSIX ones, looked up by process id, and
// robust mutexes in shared memory, laid out by the C library: two PID namespaces, or glibc beside musl, give two
// writers at once or a hang for ever, and no error code. So the first process writes down what it is, and who differs
// is refused.

import CLinux
import Glibc

/// What one process is, as far as LMDB's locks are concerned.
struct OpenGuard: Hashable {
    var boot: String
    var processNamespace: String
    var libc: String
    var pointerSize: String
    var liblmdb: String
    /// The inode of the data file that is open; "-" where there is none yet.
    var dataFile: String

    /// This process, with the data file it opens; nil: that is yet to be made.
    static func current(dataFile: FileIdentity? = nil) throws -> OpenGuard {
        let liblmdb = LibraryVersion.current
        if let refusal = liblmdb.refusal { throw refusal }
        let boot = try FileDescriptor("/proc/sys/kernel/random/boot_id", O_RDONLY).bytes(at: 0, count: 64)
        var namespace = stat()
        if unsafe stat("/proc/self/ns/pid", &namespace) != 0 {
            throw EnvironmentError.system(errno, "stat", "/proc/self/ns/pid")
        }
        return OpenGuard(
            boot: String(decoding: boot.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self),
            processNamespace: "\(namespace.st_ino)",
            libc: unsafe String(cString: linux_libc_flavour()),
            pointerSize: "\(Int.bitWidth / 8)",
            liblmdb: "\(liblmdb)",
            dataFile: dataFile.map { "\($0.inode)" } ?? "-")
    }

    /// The file's content.
    var text: String {
        """
        Guards the LMDB environment beside it; written by its first opener. Do not copy or delete while it is open.
        format: 1
        boot: \(boot)
        pid-namespace: \(processNamespace)
        libc: \(libc)
        pointer-size: \(pointerSize)
        liblmdb: \(liblmdb)
        data-file: \(dataFile)

        """
    }

    /// Reads what a process with the store open has written; nil: it cannot be read.
    init?(text: String) {
        var fields: [Substring: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = String(line[colon...].dropFirst(2))
        }
        guard fields["format"] == "1", let boot = fields["boot"], let namespace = fields["pid-namespace"],
            let libc = fields["libc"], let pointerSize = fields["pointer-size"], let liblmdb = fields["liblmdb"],
            let dataFile = fields["data-file"]
        else { return nil }
        self.init(
            boot: boot, processNamespace: namespace, libc: libc, pointerSize: pointerSize, liblmdb: liblmdb,
            dataFile: dataFile)
    }

    init(
        boot: String, processNamespace: String, libc: String, pointerSize: String, liblmdb: String, dataFile: String
    ) {
        self.boot = boot
        self.processNamespace = processNamespace
        self.libc = libc
        self.pointerSize = pointerSize
        self.liblmdb = liblmdb
        self.dataFile = dataFile
    }

    /// Why this process may not join the one that wrote `text`; nil: it may.
    func refusal(besideHolderOf text: String) -> EnvironmentError? {
        guard let holder = OpenGuard(text: text) else {
            return EnvironmentError(
                .otherBuild, "another program has the store open, and cannot be understood; end it, or use its version")
        }
        if holder.boot != boot {
            return EnvironmentError(
                .otherNamespace,
                "open on another machine or in a virtual machine (boot \(holder.boot); here \(boot)). Use it from one "
                    + "only.")
        }
        if holder.processNamespace != processNamespace {
            return EnvironmentError(
                .otherNamespace,
                "open in another PID namespace (\(holder.processNamespace); here \(processNamespace)), where locks do "
                    + "not reach. Let all share one: --pid=host, --pid=container:NAME, or shareProcessNamespace: true.")
        }
        let (theirs, ours) = (holder.build, build)
        if theirs != ours {
            return EnvironmentError(
                .otherBuild, "open by a program built otherwise (\(theirs); this one: \(ours)). Use one build for all.")
        }
        if holder.dataFile != dataFile {
            return EnvironmentError(.inUse, "open with another data file (\(holder.dataFile); here \(dataFile))")
        }
        return nil
    }

    private var build: String { "\(libc), \(pointerSize)-byte pointers, liblmdb \(liblmdb)" }
}
