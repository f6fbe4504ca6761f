// What a Swift program enqueues, and what its handlers are given: a value of its own, as JSON in the store, where any
// other program can read it.

import FoundationEssentials
import SignalboxCore

/// A value that a handler in Swift works on.
///
/// ```swift
/// struct Resize: JobPayload {
///     var photo: Int
///     var width: Int
/// }
/// ```
public protocol JobPayload: Codable, Sendable {
    /// What its handler is called in the store: 1 to 128 letters, digits and `. _ - :`. Without one it is the type's
    /// name in small letters, with `-` between its words: `resize` for `Resize`, `send-mail` for `SendMail`.
    static var handler: String { get }
    /// Where it is enqueued when nothing else is said; `default` without it.
    static var queue: String { get }
}

extension JobPayload {
    public static var handler: String { dashed("\(Self.self)") }
    public static var queue: String { "default" }

    /// As JSON, with the members in the order of their names, so that equal values are equal bytes.
    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }

    /// - Throws: ``Fatal`` saying what is missing or of another kind: another attempt would find the same.
    static func decoded(from input: [UInt8]) throws -> Self {
        do { return try JSONDecoder().decode(Self.self, from: Data(input)) } catch {
            throw Fatal("the payload cannot be read as \(Self.self): \(words(error))")
        }
    }
}

private func words(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "it has no \(key.stringValue)"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
        "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is of another kind than expected"
    case DecodingError.dataCorrupted(let context): context.debugDescription
    default: "\(error)"
    }
}

/// `SendMail` as `send-mail`, `HTTPCall` as `http-call`.
func dashed(_ name: String) -> String {
    let letters = Array(name)
    var text = ""
    for (index, letter) in letters.enumerated() {
        let followsSmall = index > 0 && !letters[index - 1].isUppercase
        let leadsSmall = index > 0 && index + 1 < letters.count && letters[index + 1].isLowercase
        if letter.isUppercase, followsSmall || leadsSmall { text += "-" }
        text += letter.lowercased()
    }
    return text
}
