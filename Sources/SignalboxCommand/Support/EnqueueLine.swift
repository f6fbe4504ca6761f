import FoundationEssentials
import SignalboxCore
import SignalboxStore

/// A request as one line of JSON: what `enqueue --stdin` reads. The names are those of the command's options:
/// `{"command": ["resize", "7"], "queue": "photos"}`, or `{"shell": "df -h", "delay": "5m", "unique": "df"}`.
struct EnqueueLine: Decodable {
    private let command: [String]?
    private let shell: String?
    private let queue: String?
    private let priority: UInt8?
    private let delay: String?
    private let unique: String?
    private let after: [UInt64]?
    private let concurrency: String?
    private let rate: String?

    private enum Field: String, CodingKey, CaseIterable {
        case command, shell, queue, priority, delay, unique, after, concurrency, rate
    }

    /// What lines have that do not say otherwise.
    struct Defaults {
        let queue: QueueName
        let priority: UInt8
    }

    private struct AnyField: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let known = Field.allCases.map(\.rawValue)
        for key in try decoder.container(keyedBy: AnyField.self).allKeys where !known.contains(key.stringValue) {
            throw LineError("there is no field \(quoted(key.stringValue)); known are \(known.joined(separator: ", "))")
        }
        let fields = try decoder.container(keyedBy: Field.self)
        command = try fields.decodeIfPresent([String].self, forKey: .command)
        shell = try fields.decodeIfPresent(String.self, forKey: .shell)
        queue = try fields.decodeIfPresent(String.self, forKey: .queue)
        priority = try fields.decodeIfPresent(UInt8.self, forKey: .priority)
        delay = try fields.decodeIfPresent(String.self, forKey: .delay)
        unique = try fields.decodeIfPresent(String.self, forKey: .unique)
        after = try fields.decodeIfPresent([UInt64].self, forKey: .after)
        concurrency = try fields.decodeIfPresent(String.self, forKey: .concurrency)
        rate = try fields.decodeIfPresent(String.self, forKey: .rate)
    }

    /// What the line asks for.
    /// - Throws: ``LineError`` saying what is wrong with it and what was expected.
    static func item(in line: some Collection<UInt8>, _ defaults: Defaults) throws(LineError) -> Enqueuing {
        do {
            return try JSONDecoder().decode(EnqueueLine.self, from: Data(line)).item(defaults)
        } catch let error as LineError {
            throw error
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let field = context.codingPath.first?.stringValue ?? "the line"
            throw LineError("\(field) has a value of another kind than expected, as in \(Self.example)")
        } catch is DecodingError {
            throw LineError("this is no JSON object, or a number in it is out of range; expected as in \(Self.example)")
        } catch {
            throw LineError("\(error)")
        }
    }

    private static let example = #"{"command": ["resize", "7"], "queue": "photos"}"#

    private func item(_ defaults: Defaults) throws -> Enqueuing {
        let what: Command
        switch (command, shell) {
        case (let arguments?, nil): what = .program(arguments)
        case (nil, let line?): what = .shell(line)
        default: throw LineError("expected exactly one of command and shell, as in \(Self.example)")
        }
        var request = Request(
            command: what, timeout: Enqueuing.standardTimeout, uniqueKey: unique,
            after: (after ?? []).map(DispatchID.init(_:)))
        request.concurrency = try concurrency.map { try ConcurrencyLimit(text: $0) }
        request.rate = try rate.map { try RateLimit(text: $0) }
        return Enqueuing(
            request: request, queue: try queue.map { try QueueName($0) } ?? defaults.queue,
            priority: priority ?? defaults.priority,
            delay: try delay.map { try Duration(text: $0) })
    }
}

/// What is wrong with a line.
struct LineError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
