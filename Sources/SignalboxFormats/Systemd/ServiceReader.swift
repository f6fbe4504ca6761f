// What a timer starts: the parts of a .service that a job can have, and a note on those that it cannot.

import SignalboxCore

/// A service as a job runs it.
struct Service {
    let command: Command
    let environment: [String: String]
    let directory: String?
    let timeout: Duration?
    /// What of it is not carried over.
    let notes: [FormatNote]
}

struct ServiceReader {
    let unit: UnitName
    let file: UnitFile
    private static let section = "Service"

    /// - Throws: `FormatError` for what cannot be run here.
    func service() throws(FormatError) -> Service {
        var commands: [ExecCommand] = []
        for entry in ["ExecStartPre", "ExecStart", "ExecStartPost"].flatMap({ file.list(Self.section, $0) }) {
            commands += try at(entry) { () throws(UnitValueError) in try ExecCommand.parse(entry, unit: unit) }
        }
        guard let start = file.list(Self.section, "ExecStart").first else {
            throw FormatError(
                .missing, file: file.file, line: 1, column: 1,
                "the service \(unit.text) has no ExecStart: nothing to run")
        }
        var notes = self.notes
        if commands.contains(where: \.isPrivileged) {
            notes.insert(start.note("it runs as the worker's user, whatever + or ! say"), at: 0)
        }
        return Service(
            command: ExecCommand.command(commands), environment: try environment(), directory: try directory(),
            timeout: try timeout(), notes: notes)
    }

    private func at<Value>(
        _ entry: UnitEntry, _ body: () throws(UnitValueError) -> Value
    ) throws(FormatError) -> Value {
        do throws(UnitValueError) { return try body() } catch { throw entry.error(.value, error.description) }
    }

    private func environment() throws(FormatError) -> [String: String] {
        var variables: [String: String] = [:]
        for entry in file.list(Self.section, "Environment") {
            for word in try at(entry, { () throws(UnitValueError) in try UnitWords.split(unit.expanding(entry.value)) })
            {
                guard let equals = word.text.firstIndex(of: "="), equals > word.text.startIndex else {
                    throw entry.error(.value, "\(quoted(word.text)) is no variable; expected NAME=value")
                }
                variables[String(word.text[..<equals])] = String(word.text[word.text.index(after: equals)...])
            }
        }
        return variables
    }

    private func directory() throws(FormatError) -> String? {
        guard let entry = file.last(Self.section, "WorkingDirectory") else { return nil }
        let path = try at(entry) { () throws(UnitValueError) in try unit.expanding(entry.value) }
        let plain = path.hasPrefix("-") ? String(path.dropFirst()) : path
        // The home directory is where a command starts without being told.
        if plain == "~" { return nil }
        guard plain.hasPrefix("/") else { throw entry.error(.value, "\(quoted(plain)) is no path that begins with /") }
        return plain
    }

    /// A oneshot's start is its run, and may take for ever unless something is said.
    private func timeout() throws(FormatError) -> Duration? {
        let isOneshot = file.last(Self.section, "Type")?.value == "oneshot"
        let keys = isOneshot ? ["TimeoutStartSec", "TimeoutSec"] : ["RuntimeMaxSec"]
        guard let entry = keys.lazy.compactMap({ file.last(Self.section, $0) }).first else { return nil }
        do {
            // Zero switches it off.
            return try TimeSpan.parse(entry.value).flatMap { $0 > .zero ? $0 : nil }
        } catch { throw entry.error(.value, "\(entry.key): \(error)") }
    }
}

// MARK: - Notes

extension ServiceReader {
    /// Keys that are carried over, or mean nothing for a job.
    private static let handled: Set<String> = [
        "ExecStartPre", "ExecStart", "ExecStartPost", "Environment", "WorkingDirectory", "TimeoutStartSec",
        "TimeoutSec", "RuntimeMaxSec", "StandardOutput", "StandardError", "SyslogIdentifier", "KillMode",
    ]

    private var notes: [FormatNote] {
        var notes = file.all("Unit").filter { $0.key.hasPrefix("Condition") || $0.key.hasPrefix("Assert") }
            .filter { !$0.value.isEmpty }
            .map { $0.note("\($0.key)=\($0.value) is not asked: the job runs all the same") }
        var others: [UnitEntry] = []
        for entry in file.all(Self.section) where !Self.handled.contains(entry.key) && !entry.value.isEmpty {
            if let message = note(on: entry) {
                if !message.isEmpty { notes.append(entry.note(message)) }
            } else if !others.contains(where: { $0.key == entry.key }) {
                others.append(entry)
            }
        }
        guard let first = others.first else { return notes }
        return notes + [first.note("not carried over: \(others.map(\.key).joined(separator: ", "))")]
    }

    /// Empty where there is nothing to say; nil for keys that are only listed.
    private func note(on entry: UnitEntry) -> String? {
        switch (entry.key, entry.value) {
        case ("User", "root"), ("Group", "root"), ("Type", "oneshot"), ("Type", "simple"), ("Type", "exec"),
            ("Type", "idle"), ("RemainAfterExit", "no"), ("Restart", "no"):
            ""
        case ("User", let user): "it runs as the worker's user, not as \(user)"
        case ("Type", "forking"):
            "Type=forking: what it leaves running in the background is ended with its run"
        case ("Type", let type): "Type=\(type): it counts as running until it ends, whatever it notifies"
        case ("EnvironmentFile", let file):
            "EnvironmentFile=\(file) is not read: what it sets is missing until it stands in env"
        case ("Restart", let policy): "Restart=\(policy): give the job max_attempts if it is to be tried again"
        case ("SuccessExitStatus", let codes): "SuccessExitStatus=\(codes): here only 0 is success"
        default: nil
        }
    }
}
