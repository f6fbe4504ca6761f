internal import SignalboxCore

/// How the process of a command is treated, as JSON shows it: what is not set is null, durations are in seconds.
struct WorkSettings: Encodable {
    let work: Work

    private enum CodingKeys: String, CodingKey {
        case user, umask, nice, limits, success, fatal, timeout_seconds, idle_timeout_seconds, watchdog_seconds,
            kill_grace_seconds
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        let process = work.process
        try fields.encode(process.user, forKey: .user)
        try fields.encode(process.fileModeMask?.text, forKey: .umask)
        try fields.encode(process.nice, forKey: .nice)
        let limits = process.limits.map { ($0.key.word, $0.value.text(of: $0.key)) }
        try fields.encode(Dictionary(uniqueKeysWithValues: limits), forKey: .limits)
        try fields.encode(work.exitCodes.success.sorted(), forKey: .success)
        try fields.encode(work.exitCodes.fatal.sorted(), forKey: .fatal)
        try fields.encode(work.timeout.map(seconds), forKey: .timeout_seconds)
        try fields.encode(work.idleTimeout.map(seconds), forKey: .idle_timeout_seconds)
        try fields.encode(work.watchdog.map(seconds), forKey: .watchdog_seconds)
        try fields.encode(seconds(work.killGrace), forKey: .kill_grace_seconds)
    }

    private func seconds(_ duration: Duration) -> Double { Double(duration.microseconds) / 1_000_000 }
}
