// Names of units, and the specifiers that stand for parts of them (systemd.unit(5), "Specifiers").

import SignalboxCore

/// "apt-daily.timer", "backup@home.timer".
struct UnitName: Hashable {
    let text: String
    /// Without the type: "backup@home".
    let stem: String
    /// "timer".
    let type: String

    init(_ text: String) {
        self.text = text
        let dot = text.lastIndex(of: ".") ?? text.endIndex
        stem = String(text[..<dot])
        type = dot == text.endIndex ? "" : String(text[text.index(after: dot)...])
    }

    private var at: String.Index? { stem.firstIndex(of: "@") }
    /// "home"; empty for a unit that is no instance.
    var instance: String { at.map { String(stem[stem.index(after: $0)...]) } ?? "" }
    /// "backup".
    var prefix: String { at.map { String(stem[..<$0]) } ?? stem }
    var isTemplate: Bool { at != nil && instance.isEmpty }
    /// The file that an instance is made from: "backup@.timer"; nil for what is no instance.
    var template: String? { instance.isEmpty ? nil : "\(prefix)@.\(type)" }

    /// The unit's name as that of a job.
    var jobName: String {
        let plain = stem.map { character in
            character.isASCII && (character.isLetter || character.isNumber || ".-_".contains(character))
                ? character : "-"
        }
        return String(String(plain).drop { "-._".contains($0) }.prefix(120))
    }

    /// `text` with its specifiers filled in.
    /// - Throws: `UnitValueError` for one that only the running system can fill in.
    func expanding(_ text: String) throws(UnitValueError) -> String {
        guard text.contains("%") else { return text }
        var result = ""
        var rest = text[...]
        while let percent = rest.firstIndex(of: "%") {
            result += rest[..<percent]
            let next = rest.index(after: percent)
            guard next < rest.endIndex, let value = value(of: rest[next]) else {
                throw UnitValueError(
                    "\(quoted(rest[percent...].prefix(2))) in \(quoted(text)) is known only to the running system")
            }
            result += value
            rest = rest[rest.index(after: next)...]
        }
        return result + rest
    }

    /// The folders are those of the system's manager.
    private func value(of specifier: Character) -> String? {
        switch specifier {
        case "%": "%"
        case "n": text
        case "N": stem
        case "p", "P": prefix
        case "i": instance
        case "I": unescaped(instance)
        case "t": "/run"
        case "S": "/var/lib"
        case "C": "/var/cache"
        case "L": "/var/log"
        case "E": "/etc"
        case "T": "/tmp"
        case "V": "/var/tmp"
        default: nil
        }
    }

    /// `-` is a slash, `\x2d` a character.
    private func unescaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte == UInt8(ascii: "-") ? UInt8(ascii: "/") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Why a value of a unit cannot be used, in words.
struct UnitValueError: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
