import CLinux
import Glibc
import SignalboxCore

/// Processes whose parent ended before them. A worker takes its commands' orphans in, so that they can be found and
/// their exits do not pile up with a process that never looks.
public enum Orphans {
    /// Makes this process, for good, the parent of all orphans among its descendants (PR_SET_CHILD_SUBREAPER).
    public static func adopt() throws(SystemCallError) {
        let error = linux_become_subreaper()
        guard error == 0 else { throw SystemCallError("prctl", error) }
    }

    /// Collects the orphans that have ended, and returns how many. It leaves alone the children that a
    /// ``CommandProcess`` stands for, and those in our own session, which belong to other code in this process.
    ///
    /// It costs one system call when no child has ended, else one look at every process of the machine.
    @discardableResult
    public static func collect() throws(SystemCallError) -> Int {
        guard linux_ended_child() > 0 else { return 0 }
        let (own, session) = (getpid(), getsid(0))
        return try KnownChildren.collectUnknown { () throws(SystemCallError) in
            try ProcessRecord.all().filter { $0.parent == own && $0.isZombie && $0.session != session }
                .map(\.identity.pid)
        }
    }
}
