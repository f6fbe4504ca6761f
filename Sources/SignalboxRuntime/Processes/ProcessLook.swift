import Glibc

/// One look at the processes of the machine, in which the trees of several runs can be found: the marks of processes
/// that are asked for more than once are read once.
final class ProcessLook {
    private let records: [ProcessRecord]
    /// The run that a process is marked with, once it was asked for; "" for none.
    private var marks: [Int32: String] = [:]

    init() throws(SystemCallError) { records = try ProcessRecord.all() }

    /// The members of `tree` that have not been collected. Never this process, nor init.
    func members(of tree: ProcessTree) -> [ProcessRecord] {
        tree.members(among: records, own: getpid()) { pid in
            let mark = mark(of: pid)
            return tree.isOfSeveral ? mark.hasPrefix(tree.runID) : mark == tree.runID
        }
    }

    private func mark(of pid: Int32) -> String {
        if let known = marks[pid] { return known }
        let prefix = Array("\(ProcessTree.runIDVariable)=".utf8)
        let environment = (try? readProcessFile("/proc/\(pid)/environ", limit: 4 << 20)) ?? []
        let entry = environment.split(separator: 0).first { $0.starts(with: prefix) }
        let mark = entry.map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) } ?? ""
        marks[pid] = mark
        return mark
    }
}
