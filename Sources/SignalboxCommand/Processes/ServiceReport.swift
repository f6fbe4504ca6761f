import Glibc
import Logging
import SignalboxCore
import SignalboxRuntime

/// What a process of ours tells systemd, when it runs as a service of `Type=notify`; nothing otherwise. That it cannot
/// be told is no reason to end: it will see to that itself.
struct ServiceReport {
    private let manager: ServiceManager?
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
        manager = ServiceManager(environment: Machine.environment, process: getpid())
    }

    /// All parts do their work.
    func ready(_ parts: [String]) { tell(.ready(status: "running: \(parts.joined(separator: ", "))")) }

    /// The process has begun to end, and may have to wait for commands.
    func stopping() { tell(.stopping(status: "draining: what runs may end, nothing begins")) }

    func alive() { tell(.alive) }

    /// Nil when nobody watches.
    func watchdog() throws -> Watchdog? { try manager?.beat.map { try Watchdog(beat: $0) } }

    private func tell(_ news: ServiceManager.News) {
        do { try manager?.tell(news) } catch { logger.warning("systemd cannot be told: \(error)") }
    }
}

/// Says at every beat that the process is alive, as long as the loops of all its parts have come round since the beat
/// before; the one that hangs keeps the whole process silent, and systemd ends it.
struct Watchdog: EventSource {
    private let beat: Duration
    private let alarm: BootAlarm

    var descriptor: Descriptor { alarm.descriptor }

    /// The first beat is due at once.
    init(beat: Duration) throws {
        self.beat = beat
        alarm = try BootAlarm()
        try alarm.arm(at: SystemClocks.bootTime())
    }

    func ring(_ parts: [any Part], _ report: ServiceReport) throws {
        guard alarm.acknowledge() else { return }
        try alarm.arm(at: SystemClocks.bootTime() + beat)
        guard parts.allSatisfy({ $0.pulse?.isAnswered ?? true }) else { return }
        report.alive()
        for part in parts { part.ask() }
    }
}
