import SignalboxCore

extension DispatchReason {
    /// The reason in a sentence; nil for none.
    var sentence: String? {
        switch self {
        case .none: nil
        case .delayed: "It was asked to start later."
        case .retry: "An attempt failed, and another follows."
        case .dependency: "It comes after another dispatch, which has not succeeded yet."
        case .overlap: "An earlier run of the same job was in the way."
        case .workerDied: "The worker that ran it died."
        case .drained: "The worker that had claimed it was shut down and gave it back."
        case .snoozed: "It asked to be started later."
        case .concurrency: "As many with its concurrency key run as may at once."
        case .rate: "As many with its rate key were started as may be for now."
        case .uniqueKey: "Another dispatch runs under its unique key."
        case .exit: "The command ended with a code that is not success."
        case .killed: "The command was ended by a signal."
        case .timeout: "The command ran past its timeout."
        case .exec: "The command could not be started."
        case .poison:
            "\(RescuePolicy.poisonLimit) workers or handlers died while running it, so it is not tried again."
        case .idleTimeout: "The command printed nothing for too long, and was ended."
        case .watchdog: "The command gave no sign of life for too long, and was ended."
        case .retriesOver: "It waited for another attempt, and the time for that was over."
        case .handler: "Its handler said so, or its process died."
        case .requested: "Somebody cancelled it."
        case .parentFailed: "The dispatch it comes after did not succeed."
        case .replaced: "A newer run of the same job, or a newer request with the same unique key, took its place."
        case .redefined: "The job was changed while it waited, and what waited was cancelled."
        case .cancelLate: "Somebody cancelled it, but it ended by itself before it could be told."
        case .jobRemoved: "The job was removed while it waited."
        case .startDeadline: "Nobody started it by the time that its job allows."
        case .downtime: "No scheduler ran when it was due."
        case .suspended: "The machine was suspended when it was due."
        case .clockForward: "The clock was set forward past its time."
        case .paused: "The job was paused when it was due."
        case .storeFull: "The store was nearly full when it was due."
        case .untrustedClock: "Nobody could say yet whether the clock was right when it was due."
        }
    }
}

extension DispatchReason {
    /// The word, where it says more than how the command ended does.
    var addition: String? {
        switch self {
        case .exit, .killed, .exec: nil
        case .none, .delayed, .retry, .dependency, .overlap, .workerDied, .drained, .snoozed, .concurrency, .rate,
            .timeout, .poison, .idleTimeout, .watchdog, .handler, .retriesOver, .requested, .parentFailed, .replaced,
            .redefined, .cancelLate, .jobRemoved, .startDeadline, .downtime, .suspended, .clockForward, .paused,
            .storeFull, .untrustedClock, .uniqueKey:
            word
        }
    }
}

extension Occurrence.Reason {
    /// What was special about the local time; nil for nothing.
    var sentence: String? {
        switch self {
        case .regular: nil
        case .daylightGap:
            "It did not exist that day: clocks were set forward over it. It fell due at the end of the gap."
        case .fold: "It came twice that day: clocks were set back over it."
        }
    }
}

/// "SIGKILL" where the signal has a name that people know, else "signal 40".
func signalText(_ number: UInt8) -> String {
    let names: [UInt8: String] = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
        9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
        24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
    ]
    return names[number] ?? "signal \(number)"
}
