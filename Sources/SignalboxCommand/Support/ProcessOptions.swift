import ArgumentParser
import SignalboxCore

/// As whom a command runs, and what the kernel keeps it to.
struct ProcessOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The account it runs as, by name or number; the worker must be root's.", valueName: "user"),
        transform: ProcessSettings.user(text:))
    var user: String?

    @Option(
        help: ArgumentHelp("The permissions that its new files do not get (default: 022).", valueName: "octal"),
        transform: { try FileModeMask(text: $0) })
    var umask: FileModeMask?

    @Option(help: ArgumentHelp("Its niceness, -20 to 19 (default: the worker's).", valueName: "number"))
    var nice: Int?

    @Option(
        help: ArgumentHelp(
            "A limit, as in open_files=1024, address_space=512M or cpu=10m; may be repeated.", valueName: "K=V"),
        transform: Parse.limit)
    var limit: [Limit] = []

    struct Limit {
        let name: ResourceLimit
        let value: LimitValue
    }

    var settings: ProcessSettings {
        ProcessSettings(
            user: user, fileModeMask: umask, nice: nice, limits: limit.reduce(into: [:]) { $0[$1.name] = $1.value })
    }

    func validate() throws {
        let limits = ProcessSettings.niceLimits
        guard nice.map(limits.contains) ?? true else {
            throw ValidationError("--nice is \(nice ?? 0); \(limits.lowerBound) to \(limits.upperBound) are possible")
        }
    }
}
