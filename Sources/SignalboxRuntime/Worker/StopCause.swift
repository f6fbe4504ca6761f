import SignalboxCore
import SignalboxStore

/// Why a worker ends what has not ended by itself, be it a command or the work of a handler.
enum StopCause: Hashable {
    case exceeded(AttemptPatience.Limit)
    case cancelled, drained
}

extension AttemptPatience.Limit {
    /// How an attempt ended that went beyond it.
    func ending(_ outcome: Outcome) -> AttemptResult.Ending {
        switch self {
        case .timeout: .timedOut(outcome)
        case .idle: .idle(outcome)
        case .watchdog: .unresponsive(outcome)
        }
    }
}
