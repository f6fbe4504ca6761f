import SignalboxRuntime

/// Says so when a snapshot stays open for long, which nobody else would: whoever reads the output may have fallen asleep,
/// and the store's file grows meanwhile.
final class SnapshotGuardian {
    private static let patience = Duration.seconds(60)

    private enum Token { case ended }

    private let ended: WakeUp

    init() throws {
        let ended = try WakeUp()
        self.ended = ended
        _ = try LoopThread<Void>(name: "snapshot") {
            let loop = try EventLoop<Token>()
            try loop.add(ended, token: .ended)
            guard try loop.wait(for: Self.patience).isEmpty else { return }
            Terminal.writeError(
                "\rsignalbox: the snapshot has been open for \(Self.patience.components.seconds) s, and the store's file grows by what "
                    + "others write meanwhile: if whoever reads the output is slow, dump to a file first\n")
        }
    }

    /// The snapshot is closed.
    func end() { ended.raise() }
}
