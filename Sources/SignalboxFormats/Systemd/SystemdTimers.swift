public import SignalboxCore

/// What a timer became.
public struct TimerImport: Hashable, Sendable {
    /// None when the timer was refused, or will not come again; several where its times cannot be said in one schedule.
    public var jobs: [TimerJob]
    /// What works differently here.
    public var notes: [FormatNote]
    /// Why the timer was refused.
    public var errors: [FormatError]
}

/// A job made from one or several triggers of a timer.
public struct TimerJob: Hashable, Sendable {
    /// "apt-daily.timer".
    public var unit: String
    public var file: String
    /// Of the first of its triggers, from 1.
    public var line: Int
    public var definition: JobDefinition
}

/// systemd's timers (systemd.timer(5)) and the services they start, read into jobs.
///
/// - `OnCalendar=` becomes a cron schedule with the same times; several lines become one where that can be said, else
///   a job each.
/// - `OnBootSec=`, `OnStartupSec=` and `OnActiveSec=` by themselves become `@boot`; beside `OnUnitActiveSec=` or
///   `OnUnitInactiveSec=`, which become an interval, they only start it.
/// - `Persistent=yes` becomes the catch-up policy `latest`, else it is `none`.
/// - Where clocks are set forward, systemd leaves out a time that does not exist; a job runs when the gap ends, unless
///   it is given `dst: skip`.
/// - A service runs with its `ExecStart=` lines, `Environment=`, `WorkingDirectory=` and timeout. What a job does not
///   have is named in a note.
public enum SystemdTimers {
    /// - Parameters:
    ///   - name: the timer's, such as "apt-daily.timer".
    ///   - sources: its file, and behind it its drop-ins.
    ///   - now: what years are compared with.
    ///   - zone: finds a zone by its IANA name (nil: the machine's).
    ///   - service: finds the file and the drop-ins of a service by its name; nil when there is none.
    public static func read(
        _ name: String, _ sources: [UnitSource], now: Instant, zone: (String?) throws -> Zone,
        service: (String) throws -> [UnitSource]?
    ) rethrows -> TimerImport {
        let unit = UnitName(name)
        let file: UnitFile
        do throws(FormatError) { file = try UnitFile(sources) } catch {
            return TimerImport(jobs: [], notes: [], errors: [error])
        }
        let wanted = file.last("Timer", "Unit")
        let started = wanted.flatMap { try? unit.expanding($0.value) } ?? "\(unit.stem).service"
        let found = try service(started)
        var reader = TimerReader(unit: unit, file: file, now: now, started: UnitName(started), sources: found)
        reader.read(zone)
        return reader.result
    }
}

/// Reads one timer.
private struct TimerReader {
    let unit: UnitName
    let file: UnitFile
    let now: Instant
    /// What it starts, and the files of that; nil when there are none.
    let started: UnitName
    let sources: [UnitSource]?
    var result = TimerImport(jobs: [], notes: [], errors: [])

    init(unit: UnitName, file: UnitFile, now: Instant, started: UnitName, sources: [UnitSource]?) {
        self.unit = unit
        self.file = file
        self.now = now
        self.started = started
        self.sources = sources
    }

    mutating func read(_ zone: (String?) throws -> Zone) {
        do throws(FormatError) {
            try refuseWhatIsNoTimer()
            let triggers = try calendar(zone) + elapsed()
            guard !triggers.isEmpty else {
                if !result.notes.isEmpty { return }
                throw fault("the timer has no OnCalendar or other On…Sec: it never starts anything", .missing)
            }
            let service = try service()
            let persistent = try file.flag("Timer", "Persistent")
            result.notes += timerNotes + service.notes
            try add(triggers, service, persistent: persistent)
        } catch {
            result = TimerImport(jobs: [], notes: [], errors: [error])
        }
    }

    private func fault(_ message: String, _ code: FormatError.Code = .value) -> FormatError {
        FormatError(code, file: file.file, line: 1, column: 1, message)
    }

    private func refuseWhatIsNoTimer() throws(FormatError) {
        if unit.isTemplate {
            throw fault("\(unit.text) is a template: it is a timer only with a name behind the @", .unsupported)
        }
        if file.isEmpty { throw fault("the file is empty: the timer is masked", .missing) }
        if let entry = file.all("Timer").first(where: {
            ["OnClockChange", "OnTimezoneChange"].contains($0.key) && $0.value.lowercased() != "no"
                && $0.value.lowercased() != "false" && !$0.value.isEmpty
        }) {
            throw entry.error(
                .unsupported, "\(entry.key) starts it when a clock is set; there is no such schedule here")
        }
    }

    private func service() throws(FormatError) -> Service {
        guard started.type == "service" else {
            throw (file.last("Timer", "Unit")?.error(.unsupported, "it starts \(started.text), which is no service"))
                ?? fault("it starts \(started.text), which is no service")
        }
        guard let sources else {
            throw fault(
                "there is no \(started.text) beside it, which it starts; name the folder that has it too", .missing)
        }
        return try ServiceReader(unit: started, file: UnitFile(sources)).service()
    }
}

// MARK: - Triggers

/// A schedule and where it comes from.
private struct Trigger {
    let schedule: Schedule
    let zone: String?
    let line: Int
    /// The policy where it does not follow Persistent=.
    var catchUp: CatchUpPolicy.Mode?
    /// What tells it from the timer's others, in its job's name.
    var suffix = ""
}

extension TimerReader {
    /// The OnCalendar lines, as few schedules as can say them.
    private mutating func calendar(_ zone: (String?) throws -> Zone) throws(FormatError) -> [Trigger] {
        var events: [CalendarEvent] = []
        var lines: [CalendarEvent: UnitEntry] = [:]
        for entry in file.list("Timer", "OnCalendar") {
            let event = try event(entry, zone)
            guard !event.isOver(now: now, clock: try clock(of: event, entry, zone)) else {
                result.notes.append(entry.note("\(quoted(entry.value)) lies in the past and never comes again"))
                continue
            }
            events.append(event)
            lines[event] = lines[event] ?? entry
        }
        let merged = CalendarEvent.merging(events)
        guard let first = events.first.flatMap({ lines[$0] }) else { return [] }
        if merged.count > 1 {
            result.notes.append(
                first.note("its times take \(merged.count) schedules here: they are jobs of their own, and may overlap")
            )
        }
        var triggers: [Trigger] = []
        for event in merged {
            let entry = lines[event] ?? first
            let clock = try clock(of: event, entry, zone)
            do throws(CalendarError) {
                let schedule = try event.schedule(now: now, clock: clock)
                triggers.append(Trigger(schedule: schedule, zone: event.zone, line: entry.line))
            } catch { throw entry.error(.unsupported, "OnCalendar=\(entry.value): \(error)") }
        }
        return triggers
    }

    private func event(_ entry: UnitEntry, _ zone: (String?) throws -> Zone) throws(FormatError) -> CalendarEvent {
        do {
            return try CalendarEvent(unit.expanding(entry.value))
        } catch { throw entry.error(.value, "OnCalendar=\(entry.value): \(error)") }
    }

    private func clock(
        of event: CalendarEvent, _ entry: UnitEntry, _ zone: (String?) throws -> Zone
    ) throws(FormatError) -> Zone {
        do { return try zone(event.zone) } catch { throw entry.error(.value, "\(error)") }
    }

    /// What counts from a boot, or from the run before.
    private mutating func elapsed() throws(FormatError) -> [Trigger] {
        let starts = try spans(["OnBootSec", "OnStartupSec", "OnActiveSec"])
        let repeats = try spans(["OnUnitActiveSec", "OnUnitInactiveSec"])
        if let (entry, period) = repeats.min(by: { $0.span < $1.span }) {
            guard Schedule.periods.contains(period) else {
                throw entry.error(.value, "\(entry.key)=\(entry.value) is no distance between runs")
            }
            let counted = entry.key == "OnUnitInactiveSec" ? ", from start to start and not from an end" : ""
            result.notes.append(
                entry.note(
                    "\(entry.key)=\(entry.value) becomes @every \(period.text), counted from when it is added\(counted)"
                ))
            let catchUp: CatchUpPolicy.Mode = starts.isEmpty ? .none : .latest
            return [Trigger(schedule: .every(period), zone: nil, line: entry.line, catchUp: catchUp, suffix: "every")]
        }
        guard let (entry, delay) = starts.min(by: { $0.span < $1.span }) else { return [] }
        if delay > .zero {
            let when = "it runs when the scheduler has started, not \(delay.text) later"
            result.notes.append(entry.note("\(entry.key)=\(entry.value) becomes @boot: \(when)"))
        }
        return [Trigger(schedule: .boot, zone: nil, line: entry.line, suffix: "boot")]
    }

    private func spans(_ keys: [String]) throws(FormatError) -> [(entry: UnitEntry, span: Duration)] {
        var found: [(entry: UnitEntry, span: Duration)] = []
        for entry in keys.flatMap({ file.list("Timer", $0) }) {
            do {
                if let span = try TimeSpan.parse(unit.expanding(entry.value)) { found.append((entry, span)) }
            } catch { throw entry.error(.value, "\(entry.key): \(error)") }
        }
        return found
    }

    // MARK: Jobs

    private mutating func add(
        _ triggers: [Trigger], _ service: Service, persistent: Bool
    ) throws(FormatError) {
        var taken: Set<String> = []
        for trigger in triggers {
            let base =
                trigger.suffix.isEmpty || triggers.count == 1 ? unit.jobName : "\(unit.jobName)-\(trigger.suffix)"
            var text = base
            var number = 2
            while !taken.insert(text).inserted {
                text = "\(base)-\(number)"
                number += 1
            }
            let name: JobName
            do { name = try JobName(text) } catch { throw fault("\(error)") }
            var definition = JobDefinition(
                name: name, schedule: trigger.schedule, zone: trigger.zone, command: service.command,
                environment: service.environment, directory: service.directory, timeout: service.timeout)
            definition.catchUp.mode = trigger.catchUp ?? (persistent ? .latest : .none)
            result.jobs.append(
                TimerJob(unit: unit.text, file: file.file, line: trigger.line, definition: definition))
        }
    }

    // MARK: Notes

    private var timerNotes: [FormatNote] {
        file.all("Timer").compactMap { entry in
            switch entry.key {
            case "RandomizedDelaySec" where !["0", ""].contains(entry.value):
                entry.note(
                    "RandomizedDelaySec=\(entry.value): here it begins on time; ~ in a minute or hour spreads it")
            case "AccuracySec" where !entry.value.isEmpty:
                entry.note("AccuracySec=\(entry.value): here it begins on time")
            case "WakeSystem" where ["yes", "true", "1", "on"].contains(entry.value.lowercased()):
                entry.note("WakeSystem=\(entry.value): a sleeping machine is not woken")
            default: nil
            }
        }
            + file.all("Unit").filter { $0.key.hasPrefix("Condition") || $0.key.hasPrefix("Assert") }
            .filter { !$0.value.isEmpty }.map {
                $0.note("\($0.key)=\($0.value) is not asked: the job runs all the same")
            }
    }
}
