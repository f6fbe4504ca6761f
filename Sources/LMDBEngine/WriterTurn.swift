// LMDB's writer lock is not fair: who has just given it back gets it again before a sleeper is awake. So when others wait
// for it, this process steps aside after a commit, for as long as a sleeper takes to wake. Not after each, for at every
// change of hands the lock lies idle meanwhile: two processes would get less done than one.

// The system header of timespec came in with this module.
import CLinux
import Glibc
import Synchronization

/// How long this process has been writing while another waits. Only one of its threads at a time asks.
final class WriterTurn: Sendable {
    /// So long one goes on: some ten transactions of a busy worker, or one that waits for the disk.
    private static let length: Duration = .milliseconds(2)

    /// When somebody was first seen waiting, as ``BootTime`` counts; 0: nobody was since the last step aside.
    private let began = Atomic<UInt64>(0)

    /// To be called after each commit, with whether some writer waits.
    func commitEnded(othersWait: Bool) {
        guard othersWait else { return began.store(0, ordering: .relaxed) }
        let now = BootTime.now
        let first = began.load(ordering: .relaxed)
        if first == 0 { return began.store(now.nanoseconds, ordering: .relaxed) }
        if now.since(BootTime(nanoseconds: first)) < Self.length { return }
        began.store(0, ordering: .relaxed)
        var pause = timespec(tv_sec: 0, tv_nsec: 20_000)
        unsafe nanosleep(&pause, nil)
    }
}
