// LMDB's writer lock can be waited for without limit: a writer that is stopped, or stuck in a flush, keeps all others
// out, and no wait for it can time out. So each writer says in the bell's page who it is and since when, and another
// process, which need not wait, reads it there.

import Glibc

extension Environment {
    /// The process that holds the writer lock.
    public struct WriterHolder: Hashable, Sendable {
        public let process: Int32
        public let held: Duration
    }

    /// Who holds the writer lock just now; nil: nobody, or nobody who could say so.
    public func writerHolder() -> WriterHolder? {
        guard let noted = bell?.logbook.writer, let started = startTime(ofProcess: noted.process) else { return nil }
        // Its number may have been given to another process since.
        if started > noted.since.nanoseconds { return nil }
        return WriterHolder(process: noted.process, held: BootTime.now.since(noted.since))
    }

    /// What was committed to the store today (UTC), by all processes; nil: there is no bell to tell.
    public func writingToday() -> DayOfWriting? { bell?.logbook.writing() }
}

/// When a process was started, in nanoseconds of CLOCK_BOOTTIME, rounded down to the kernel's tick; nil: there is none.
private func startTime(ofProcess process: Int32) -> UInt64? {
    guard let bytes = try? FileDescriptor("/proc/\(process)/stat", O_RDONLY).bytes(at: 0, count: 4096) else {
        return nil
    }
    // The name, in parentheses, may hold anything; the start time is the 20th word after it.
    let words = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
    guard words.count > 19, words[0] != "Z", let ticks = UInt64(words[19]) else { return nil }
    return ticks * (1_000_000_000 / UInt64(max(1, sysconf(CInt(_SC_CLK_TCK)))))
}
