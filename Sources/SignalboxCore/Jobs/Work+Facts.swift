/// One thing about how something is run that is not as usual, for people.
public struct WorkFact: Hashable, Sendable {
    /// As in a jobs.yaml: `idle_timeout`.
    public let name: String
    public let text: String

    /// "Idle timeout"
    public var label: String {
        let words = name.split(separator: "_").joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}

extension Work {
    /// What is set of the ways to treat its process, and of the keys that it shares with others, each in words.
    public var facts: [WorkFact] {
        let standard = Work(command: command)
        let found: [(String, String?)] = [
            ("user", process.user), ("umask", process.fileModeMask?.text), ("nice", process.nice.map { "\($0)" }),
            ("limits", process.limitsText),
            ("success", exitCodes.success == standard.exitCodes.success ? nil : ExitCodes.text(exitCodes.success)),
            ("fatal", exitCodes.fatal == standard.exitCodes.fatal ? nil : ExitCodes.text(exitCodes.fatal)),
            ("idle_timeout", idleTimeout?.text), ("watchdog", watchdog?.text),
            ("kill_grace", killGrace == standard.killGrace ? nil : killGrace.text),
            ("concurrency", concurrency?.text), ("rate", rate?.text),
        ]
        return found.compactMap { name, text in text.map { WorkFact(name: name, text: $0) } }
    }
}
