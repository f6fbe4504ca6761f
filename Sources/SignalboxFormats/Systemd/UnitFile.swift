// Unit files as systemd reads them (systemd.syntax(7)): sections, assignments that add up, an empty one that takes all
// before it back, lines that go on behind a backslash.

import SignalboxCore

/// The text of a unit file or of a drop-in.
public struct UnitSource: Hashable, Sendable {
    /// For messages.
    public var file: String
    public var text: String

    public init(file: String, text: String) {
        self.file = file
        self.text = text
    }
}

/// One assignment.
struct UnitEntry: Hashable {
    let section: String
    let key: String
    let value: String
    let file: String
    /// Where it begins, from 1.
    let line: Int

    func error(_ code: FormatError.Code, _ message: String) -> FormatError {
        FormatError(code, file: file, line: line, column: 1, message)
    }

    func note(_ message: String) -> FormatNote { FormatNote(file: file, line: line, message: message) }
}

/// A unit: its file and its drop-ins, in the order in which they are read.
struct UnitFile {
    let file: String
    private let entries: [UnitEntry]

    /// - Throws: `FormatError` for a line that is no section, assignment or comment.
    init(_ sources: [UnitSource]) throws(FormatError) {
        file = sources.first?.file ?? ""
        var all: [UnitEntry] = []
        for source in sources { all += try Self.entries(of: source) }
        entries = all
    }

    var isEmpty: Bool { entries.isEmpty }

    /// All assignments of a section, also those that a later one takes back.
    func all(_ section: String) -> [UnitEntry] { entries.filter { $0.section == section } }

    /// The values of a key that add up: those behind the last empty assignment.
    func list(_ section: String, _ key: String) -> [UnitEntry] {
        let found = entries.filter { $0.section == section && $0.key == key }
        guard let reset = found.lastIndex(where: { $0.value.isEmpty }) else { return found }
        return Array(found[(reset + 1)...])
    }

    /// The value of a key of which the last one counts; nil when that is empty.
    func last(_ section: String, _ key: String) -> UnitEntry? { list(section, key).last }

    /// - Throws: `FormatError` when the value is no truth value.
    func flag(_ section: String, _ key: String) throws(FormatError) -> Bool {
        guard let entry = last(section, key) else { return false }
        switch entry.value.lowercased() {
        case "1", "yes", "y", "true", "t", "on": return true
        case "0", "no", "n", "false", "f", "off": return false
        default: throw entry.error(.value, "\(key) is \(quoted(entry.value)); expected yes or no")
        }
    }
}

// MARK: - Reading

extension UnitFile {
    private static func entries(of source: UnitSource) throws(FormatError) -> [UnitEntry] {
        var entries: [UnitEntry] = []
        var section = ""
        for (line, text) in logicalLines(source.text) {
            func fail(_ message: String) -> FormatError {
                FormatError(.syntax, file: source.file, line: line, column: 1, message)
            }
            if text.hasPrefix("[") {
                guard text.hasSuffix("]"), text.count > 2 else { throw fail("expected a section as in [Timer]") }
                section = String(text.dropFirst().dropLast())
                continue
            }
            guard let equals = text.firstIndex(of: "="), !section.isEmpty else {
                throw fail("expected a section as in [Timer], KEY=value below one, or a comment; found \(quoted(text))")
            }
            entries.append(
                UnitEntry(
                    section: section, key: String(text[..<equals]).trimmed,
                    value: String(text[text.index(after: equals)...]).trimmed, file: source.file, line: line))
        }
        return entries
    }

    /// Lines with those that go on behind a backslash put together, without comments and blank ones.
    private static func logicalLines(_ text: String) -> [(line: Int, text: String)] {
        var lines: [(line: Int, text: String)] = []
        var isOpen = false
        for (index, bytes) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            let line = String(decoding: bytes, as: UTF8.self).trimmed
            // A comment may stand inside a line that goes on.
            if line.hasPrefix("#") || line.hasPrefix(";") { continue }
            let goesOn = line.hasSuffix("\\")
            let part = goesOn ? String(line.dropLast()).trimmed : line
            if isOpen {
                lines[lines.count - 1].text += " " + part
            } else if !part.isEmpty || goesOn {
                lines.append((index + 1, part))
            }
            isOpen = goesOn
        }
        return lines.filter { !$0.text.trimmed.isEmpty }
    }
}
