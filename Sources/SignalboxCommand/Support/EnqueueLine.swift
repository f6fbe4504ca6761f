import FoundationEssentials
import SignalboxCore
import SignalboxStore

/// A request as one line of JSON: what `enqueue --stdin` reads. The names are those of the command's options:
/// `{"command": ["resize", "7"], "queue": "photos"}`, or `{"shell": "df -h", "delay": "5m", "unique": "df"}`.
struct EnqueueLine: Decodable {
    private let command: [String]?
    private let shell: String?
    private let handler: String?
    private let hasPayload: Bool
    private let stdin: String?
    private let env: [String: String]?
    private let cwd: String?
    private let timeout: String?
    private let maxAttempts: Int?
    private let queue: String?
    private let priority: UInt8?
    private let delay: String?
    private let after: [UInt64]?
    private let concurrency: String?
    private let rate: String?
    private let key: Key?
    private let onParentFail: String?
    private let retry: String?
    private let retryFor: String?

    private enum Field: String, CodingKey, CaseIterable {
        case command, shell, handler, payload, stdin, env, cwd, queue, priority, delay, unique, after, concurrency, rate
        case uniqueScope = "unique_scope"
        case uniqueWindow = "unique_window"
        case onConflict = "on_conflict"
        case onParentFail = "on_parent_fail"
        case timeout
        case maxAttempts = "max_attempts"
        case retry
        case retryFor = "retry_for"
    }

    /// The fields of a unique key.
    private struct Key {
        let text: String?
        let scope: String?
        let window: String?
        let onConflict: String?
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
        hasPayload = fields.contains(.payload)
        command = try fields.decodeIfPresent([String].self, forKey: .command)
        shell = try fields.decodeIfPresent(String.self, forKey: .shell)
        handler = try fields.decodeIfPresent(String.self, forKey: .handler)
        stdin = try fields.decodeIfPresent(String.self, forKey: .stdin)
        env = try fields.decodeIfPresent([String: String].self, forKey: .env)
        cwd = try fields.decodeIfPresent(String.self, forKey: .cwd)
        timeout = try fields.decodeIfPresent(String.self, forKey: .timeout)
        maxAttempts = try fields.decodeIfPresent(Int.self, forKey: .maxAttempts)
        queue = try fields.decodeIfPresent(String.self, forKey: .queue)
        priority = try fields.decodeIfPresent(UInt8.self, forKey: .priority)
        delay = try fields.decodeIfPresent(String.self, forKey: .delay)
        after = try fields.decodeIfPresent([UInt64].self, forKey: .after)
        onParentFail = try fields.decodeIfPresent(String.self, forKey: .onParentFail)
        retry = try fields.decodeIfPresent(String.self, forKey: .retry)
        retryFor = try fields.decodeIfPresent(String.self, forKey: .retryFor)
        key = try Self.key(fields)
        concurrency = try fields.decodeIfPresent(String.self, forKey: .concurrency)
        rate = try fields.decodeIfPresent(String.self, forKey: .rate)
    }

    /// Nil when the line names none of its fields.
    private static func key(_ fields: KeyedDecodingContainer<Field>) throws -> Key? {
        let text = try fields.decodeIfPresent(String.self, forKey: .unique)
        let others: [Field] = [.uniqueScope, .uniqueWindow, .onConflict]
        guard text != nil || others.contains(where: fields.contains) else { return nil }
        return Key(
            text: text, scope: try fields.decodeIfPresent(String.self, forKey: .uniqueScope),
            window: try fields.decodeIfPresent(String.self, forKey: .uniqueWindow),
            onConflict: try fields.decodeIfPresent(String.self, forKey: .onConflict))
    }

    /// What the line asks for.
    /// - Throws: ``LineError`` saying what is wrong with it and what was expected.
    static func item(in line: some Collection<UInt8>, _ defaults: Defaults) throws(LineError) -> Enqueuing {
        do {
            let bytes = Data(line)
            return try JSONDecoder().decode(EnqueueLine.self, from: bytes).item(defaults) {
                JSONText(Array(bytes))?["payload"]
            }
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

    /// - Parameter payload: the bytes of that field, every digit as it was written; nil where there is none.
    private func item(_ defaults: Defaults, payload: () -> JSONText?) throws -> Enqueuing {
        let what: Command
        switch (command, shell, handler) {
        case (let arguments?, nil, nil): what = .program(arguments)
        case (nil, let line?, nil): what = .shell(line)
        case (nil, nil, let name?): what = .handler(try HandlerName(name))
        default: throw LineError("expected exactly one of command, shell and handler, as in \(Self.example)")
        }
        let given = hasPayload ? payload() : nil
        guard given == nil || what.handler != nil else {
            throw LineError("payload goes with handler; a command reads stdin")
        }
        guard stdin == nil || what.handler == nil else {
            throw LineError("stdin goes with command and shell; a handler is given a payload")
        }
        guard onParentFail == nil || after?.isEmpty == false else { throw LineError("on_parent_fail needs after") }
        let variables = env ?? [:]
        if let fault = variables.keys.lazy.compactMap(Parse.fault(inVariable:)).first { throw LineError(fault) }
        var request = Request(
            command: what, environment: variables, directory: cwd,
            input: given.map { Array($0.bytes) } ?? Array((stdin ?? "").utf8),
            timeout: try timeout.map { try Parse.timeout($0).timeout } ?? Enqueuing.standardTimeout,
            retry: try retryPolicy(), unique: try uniqueKey(), after: (after ?? []).map(DispatchID.init(_:)),
            onParentFail: try onParentFail.map(Parse.parentFailure) ?? .cancel)
        request.concurrency = try concurrency.map { try ConcurrencyLimit(text: $0) }
        request.rate = try rate.map { try RateLimit(text: $0) }
        return Enqueuing(
            request: request, queue: try queue.map { try QueueName($0) } ?? defaults.queue,
            priority: priority ?? defaults.priority, maxAttempts: try attempts(),
            delay: try delay.map { try Duration(text: $0) })
    }

    private func attempts() throws -> Int {
        if let maxAttempts, let fault = Parse.fault(inAttempts: maxAttempts) {
            throw LineError("max_attempts is \(fault)")
        }
        return maxAttempts ?? Enqueuing.standardAttempts
    }

    private func retryPolicy() throws -> RetryPolicy {
        var policy = try retry.map(Parse.retry) ?? RetryPolicy()
        policy.limit = try retryFor.map(Parse.window)
        return policy
    }

    private func uniqueKey() throws -> UniqueKey? {
        guard let key else { return nil }
        guard let text = key.text else {
            throw LineError("unique_scope, unique_window and on_conflict need the key, unique")
        }
        let scope = try UniqueScope(word: key.scope, window: try key.window.map(Parse.window))
        return UniqueKey(text, scope: scope, onConflict: try key.onConflict.map(Parse.conflict) ?? .existing)
    }
}

/// What is wrong with a line.
struct LineError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
