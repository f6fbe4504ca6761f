import Glibc
public import SignalboxCore

/// What /proc says of one process at one moment.
public struct ProcessRecord: Hashable, Sendable {
    public let identity: ProcessIdentity
    /// The number of its parent; 0 for none that can be seen from here.
    public let parent: Int32
    /// The number of its process group.
    public let group: Int32
    /// The number of its session, which is that of the process that made it.
    public let session: Int32
    /// It has ended and waits for its parent to collect it.
    public let isZombie: Bool
    /// The name of its program, as the kernel keeps it: up to 15 bytes.
    public let name: String

    /// The process that has the number `pid` now; nil when there is none, or none that may be seen.
    public init?(pid: Int32) {
        guard let stat = try? readProcessFile("/proc/\(pid)/stat", limit: 4_096) else { return nil }
        self.init(stat: stat)
    }

    /// Reads a line of /proc/PID/stat (proc(5)). The second field, the name of the program, is put in parentheses and
    /// may itself contain parentheses and spaces, so the fields are counted from the last one.
    init?(stat: [UInt8]) {
        guard let open = stat.firstIndex(of: UInt8(ascii: "(")), let close = stat.lastIndex(of: UInt8(ascii: ")")),
            let pid = Int32(text(stat[..<open]).dropLast())
        else { return nil }
        let fields = text(stat[(close + 1)...]).split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let group = Int32(fields[2]),
            let session = Int32(fields[3]), let startTicks = UInt64(fields[19])
        else { return nil }
        identity = ProcessIdentity(pid: pid, startTicks: startTicks)
        self.parent = parent
        self.group = group
        self.session = session
        isZombie = fields[0] == "Z" || fields[0] == "X"
        name = String(text(stat[(open + 1)..<close]))
    }

    /// Every process that can be seen from here, in one pass over /proc.
    public static func all() throws(SystemCallError) -> [ProcessRecord] {
        try numbers().compactMap { ProcessRecord(pid: $0) }
    }

    /// The numbers of all processes that can be seen from here.
    static func numbers() throws(SystemCallError) -> [Int32] {
        guard let names = names(inFolder: "/proc") else { throw SystemCallError("open /proc") }
        return names.compactMap { Int32($0) }
    }

    /// Whether a process whose environment was read and is empty may have one: the kernel has taken away the memory of
    /// its last program, and has not put the environment of the next into the new one; or it has done so since.
    static func isBeginning(_ pid: Int32) -> Bool {
        guard let stat = try? readProcessFile("/proc/\(pid)/stat", limit: 4_096),
            let close = stat.lastIndex(of: UInt8(ascii: ")"))
        else { return false }
        let fields = text(stat[(close + 1)...]).split(separator: " ")
        guard fields.count > 48, let size = UInt64(fields[20]), let begin = UInt64(fields[47]),
            let end = UInt64(fields[48])
        else { return false }
        // The kernel's own have no memory, nor has one that is ending.
        return size > 0 && (end == 0 || begin < end)
    }
}

extension ProcessIdentity {
    /// The process that has the number `pid` now; nil when there is none, or none that may be seen.
    public init?(pid: Int32) {
        guard let record = ProcessRecord(pid: pid) else { return nil }
        self = record.identity
    }

    /// This process.
    public static func current() throws(SystemCallError) -> ProcessIdentity {
        let stat = try readProcessFile("/proc/self/stat", limit: 4_096)
        guard let record = ProcessRecord(stat: stat) else {
            preconditionFailure("/proc must be mounted: a process finds itself in no other way")
        }
        return record.identity
    }
}

private func text(_ bytes: ArraySlice<UInt8>) -> Substring { Substring(decoding: bytes, as: UTF8.self) }
