import SignalboxCore

/// The variables a command starts with. They are the same every day: nothing of the worker's own environment is passed
/// on but PATH, LANG and TZ, so that a job does not depend on the shell somebody once started a worker from.
public struct CommandEnvironment: Hashable, Sendable {
    public private(set) var variables: [String: String]

    /// Later ones win: the standard ones, those of `inherited` that are passed on, the job's own, and ours. The job can
    /// set none whose name is reserved for ours.
    /// - Parameter inherited: the environment of the worker.
    /// - Parameter ours: SIGNALBOX_RUN_ID and its like, by full name.
    public init(
        account: Account, inherited: [String: String] = [:], job: [String: String] = [:], ours: [String: String] = [:]
    ) {
        variables = [
            "PATH": Self.standardPath, "HOME": account.home, "USER": account.name, "LOGNAME": account.name,
            "SHELL": account.shell, "LANG": "C.UTF-8",
        ]
        variables.merge(inherited.filter { Self.passedOn.contains($0.key) && !$0.value.isEmpty }) { $1 }
        variables.merge(job.filter { !isReserved(variable: $0.key) }) { $1 }
        variables.merge(ours) { $1 }
    }

    /// "NAME=value", by name.
    public var entries: [String] { variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } }

    /// Where programs are looked up.
    var path: String { variables["PATH"] ?? Self.standardPath }

    private static let standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    private static let passedOn: Set<String> = ["PATH", "LANG", "TZ"]
}
