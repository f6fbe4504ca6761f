import Glibc
import SignalboxCore

/// One look at the processes of the machine, in which the trees of several runs can be found.
///
/// /proc is read while processes start others and end, so a look takes in whoever comes meanwhile: the mark of a process
/// is read as soon as it is seen, and those that have come since are looked for until there are none. What has been
/// started when the look ends is then in it, or a process that is a member is in it that has gone since.
final class ProcessLook {
    private var records: [ProcessRecord] = []
    /// The run that a process is marked with, of those that may be asked for.
    private var marks: [Int32: String] = [:]

    /// So many times those that have come are looked for: on some machines there are always others.
    private static let maxRounds = 8
    /// How long a process may take to begin its program.
    private static let patience: Duration = .seconds(2)

    /// - Parameter trees: those whose members may be asked for.
    init(for trees: [ProcessTree]) throws(SystemCallError) {
        var (seen, beginning): (Set<Int32>, [Int32: ProcessRecord]) = ([], [:])
        var rounds = 0
        let deadline = SystemClocks.bootTime() + Self.patience
        while true {
            let come = rounds < Self.maxRounds ? try ProcessRecord.numbers().filter { !seen.contains($0) } : []
            guard !come.isEmpty || !beginning.isEmpty && SystemClocks.bootTime() < deadline else { break }
            if come.isEmpty { sched_yield() }
            rounds += 1
            seen.formUnion(come)
            for pid in come + Array(beginning.keys) {
                let known = beginning.removeValue(forKey: pid)
                guard let record = known ?? ProcessRecord(pid: pid) else { continue }
                if known == nil { records.append(record) }
                guard trees.contains(where: { $0.mayDescend(record) }) else { continue }
                marks[pid] = Self.mark(of: pid)
                if marks[pid] == nil { beginning[pid] = record }
            }
        }
    }

    /// The members of `tree` that have not been collected. Never this process, nor init.
    func members(of tree: ProcessTree) -> [ProcessRecord] {
        tree.members(among: records, own: getpid()) { pid in
            guard let mark = marks[pid] else { return false }
            return tree.isOfSeveral ? mark.hasPrefix(tree.runID) : mark == tree.runID
        }
    }

    /// The run that a process is marked with, "" for none; nil while it is between two programs, which takes the kernel
    /// a moment: it has an environment, and none can be read.
    private static func mark(of pid: Int32) -> String? {
        let prefix = Array("\(ProcessTree.runIDVariable)=".utf8)
        guard let environment = try? readProcessFile("/proc/\(pid)/environ", limit: 4 << 20) else { return "" }
        if environment.isEmpty { return ProcessRecord.isBeginning(pid) ? nil : "" }
        let entry = environment.split(separator: 0).first { $0.starts(with: prefix) }
        return entry.map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) } ?? ""
    }
}
