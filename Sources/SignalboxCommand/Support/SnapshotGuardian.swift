import Glibc
import SignalboxRuntime

/// Says so when a snapshot stays open for long, which nobody else would: whoever reads the output may have fallen asleep,
/// and the store's file grows meanwhile.
final class SnapshotGuardian {
    private static let patience: Int32 = 60

    private let ended: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemCallError("pipe", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let watched = ends[0]
        ended = ends[1]
        _ = try LoopThread<Void>(name: "snapshot") {
            defer { close(watched) }
            var entry = pollfd(fd: watched, events: 0, revents: 0)
            guard poll(&entry, 1, Self.patience * 1000) == 0 else { return }
            Terminal.writeError(
                "\rsignalbox: the snapshot has been open for \(Self.patience) s, and the store's file grows by what others "
                    + "write meanwhile: if whoever reads the output is slow, dump to a file first\n")
        }
    }

    /// The snapshot is closed.
    func end() { close(ended) }
}
