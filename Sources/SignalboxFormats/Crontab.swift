public import SignalboxCore

/// What a crontab became: a broken line is an error of its own, and the others are still read.
public struct CrontabImport: Hashable, Sendable {
    public var jobs: [CrontabJob]
    /// What works differently here than the line may suggest.
    public var notes: [FormatNote]
    public var errors: [FormatError]
}

/// One line of a crontab as a job.
public struct CrontabJob: Hashable, Sendable {
    /// From 1.
    public var line: Int
    /// The user of the sixth column in a system crontab; nil in a user's own. The job itself runs as the worker's user.
    public var user: String?
    public var definition: JobDefinition
}

/// crontab(5) as Debian's cron reads it.
///
/// - Blank lines, and lines whose first character is `#`, are left out; a `#` later on belongs to the command.
/// - `NAME = value` sets a variable for the lines below; quotes hold blanks, nothing is expanded.
/// - Five fields or `@reboot`, `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`; then,
///   in /etc/crontab and /etc/cron.d, the user; then the command to the end of the line, for `/bin/sh -c` or `$SHELL
///   -c`.
/// - The first `%` ends the command; what follows is its standard input, with every further `%` as a newline. `\%` is
///   a percent sign.
/// - `HOME` is where the command starts. `CRON_TZ` and `TZ` reach the command and do not move its times, as in Debian.
public enum Crontab {
    /// Reads every line.
    /// - Parameters:
    ///   - fileName: for messages, and its last part for the names of the jobs.
    ///   - system: the sixth column is a user.
    ///   - machine: an id of the machine, for `~` in a field.
    public static func parse(text: String, fileName: String, system: Bool, machine: String = "") -> CrontabImport {
        var reader = CrontabReader(file: fileName, isSystem: system, machine: machine)
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, bytes) in lines.enumerated() {
            let line = String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes, as: UTF8.self)
            reader.read(line, number: index + 1)
        }
        return reader.result
    }
}

/// Goes down a crontab, with the variables set so far.
private struct CrontabReader {
    let file: String
    let isSystem: Bool
    let machine: String
    private(set) var result = CrontabImport(jobs: [], notes: [], errors: [])
    private var environment: [String: String] = [:]
    private var names: CrontabNames

    init(file: String, isSystem: Bool, machine: String) {
        self.file = file
        self.isSystem = isSystem
        self.machine = machine
        names = CrontabNames(file: file)
    }

    mutating func read(_ line: String, number: Int) {
        do throws(FormatError) {
            switch try CrontabLine(line, at: CrontabPlace(file: file, line: number), isSystem: isSystem) {
            case .nothing: return
            case .variable(let name, let value): set(name, value, line: number)
            case .job(let entry): try add(entry, line: number)
            }
        } catch {
            result.errors.append(error)
        }
    }

    private mutating func set(_ name: String, _ value: String, line: Int) {
        environment[name] = value
        guard let message = remark(on: name, value) else { return }
        result.notes.append(FormatNote(file: file, line: line, message: message))
    }

    /// Variables that mean something to cron, or that people think do.
    private func remark(on name: String, _ value: String) -> String? {
        switch name {
        case "MAILTO" where !value.isEmpty:
            return "no mail is sent to \(quoted(value)): the output of every run is kept in the store"
        case "CRON_TZ", "TZ":
            return "\(name) reaches the commands and does not move their times, as in Debian's cron; "
                + "for times of another zone give the jobs a zone"
        case _ where value.contains("$"):
            return "\(name) is set to \(quoted(value)) as it stands: cron expands no variables"
        default: return nil
        }
    }

    private mutating func add(_ entry: CrontabEntry, line: Int) throws(FormatError) {
        let name = names.name(for: entry.command)
        let schedule = try entry.schedule(seed: "\(machine) \(name)")
        var definition = JobDefinition(name: name, schedule: schedule, command: command(entry.command))
        definition.environment = environment
        definition.directory = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        definition.input = Array(entry.input.utf8)
        result.jobs.append(CrontabJob(line: line, user: entry.user, definition: definition))
    }

    private func command(_ line: String) -> Command {
        guard let shell = environment["SHELL"], shell != "/bin/sh" else { return .shell(line) }
        return .program([shell, "-c", line])
    }
}
