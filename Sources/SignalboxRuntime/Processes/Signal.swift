import Glibc

/// A signal, by number, with the name people know it by.
public struct Signal: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Asks a process to end. The corresponding C constant is `SIGTERM`.
    public static let terminate = Signal(rawValue: SIGTERM)
    /// Ends a process; it cannot refuse. The corresponding C constant is `SIGKILL`.
    public static let kill = Signal(rawValue: SIGKILL)
    /// Lets a stopped process go on, so that it can obey another signal. The corresponding C constant is `SIGCONT`.
    public static let resume = Signal(rawValue: SIGCONT)
    /// What a terminal sends on ^C. The corresponding C constant is `SIGINT`.
    public static let interrupt = Signal(rawValue: SIGINT)

    /// "SIGTERM"; "signal 40" for those without a name.
    public var description: String { Self.names[rawValue] ?? "signal \(rawValue)" }

    private static let names: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1",
        SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM",
        SIGSTKFLT: "SIGSTKFLT", SIGCHLD: "SIGCHLD", SIGCONT: "SIGCONT", SIGSTOP: "SIGSTOP", SIGTSTP: "SIGTSTP",
        SIGTTIN: "SIGTTIN", SIGTTOU: "SIGTTOU", SIGURG: "SIGURG", SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ",
        SIGVTALRM: "SIGVTALRM", SIGPROF: "SIGPROF", SIGWINCH: "SIGWINCH", SIGIO: "SIGIO", SIGPWR: "SIGPWR",
        SIGSYS: "SIGSYS",
    ]
}
