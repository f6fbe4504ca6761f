import Glibc
import SignalboxRuntime

/// What the machine says of itself.
enum Machine {
    /// Its id from /etc/machine-id, or its name where it has none: what `~` in a cron expression draws from.
    static var id: String {
        if let text = try? Terminal.readText("/etc/machine-id") {
            let id = text.prefix { !$0.isWhitespace }
            if !id.isEmpty { return String(id) }
        }
        return hostName()
    }

    static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The environment of this process.
    static var environment: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let halves = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if halves.count == 2 { variables[String(halves[0])] = String(halves[1]) }
            entry += 1
        }
        return variables
    }
}
