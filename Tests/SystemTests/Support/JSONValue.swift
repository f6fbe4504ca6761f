import FoundationEssentials

/// Any JSON, for tests that look at what commands print.
enum JSONValue: Hashable, Decodable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([JSONValue].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    init(_ text: some StringProtocol) throws { self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }

    /// The value of a name; null when there is none.
    subscript(name: String) -> JSONValue { if case .object(let fields) = self { fields[name] ?? .null } else { .null } }
    subscript(index: Int) -> JSONValue {
        if case .list(let list) = self, list.indices.contains(index) { list[index] } else { .null }
    }

    var names: Set<String> { if case .object(let fields) = self { Set(fields.keys) } else { [] } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
    var number: Int? { if case .number(let number) = self { Int(number) } else { nil } }
    var count: Int { if case .list(let list) = self { list.count } else { 0 } }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .number(Double(value)) }
    init(booleanLiteral value: Bool) { self = .flag(value) }
}

extension Box {
    /// What a command that has to succeed prints with --json: one value.
    func json(_ arguments: String...) throws -> JSONValue {
        guard let value = try jsonLines(arguments).first else {
            throw TestFailure("signalbox \(arguments.joined(separator: " ")) --json printed nothing")
        }
        return value
    }

    /// The same, for a list: one value a line.
    func jsonList(_ arguments: String...) throws -> [JSONValue] { try jsonLines(arguments) }

    private func jsonLines(_ arguments: [String]) throws -> [JSONValue] {
        let finished = try run(program: [Self.command] + arguments.prefix(1) + ["--json"] + arguments.dropFirst())
        guard finished.status == 0 else {
            throw TestFailure("signalbox \(arguments.joined(separator: " ")): \(finished.ending); \(finished.errors)")
        }
        return try finished.output.split(separator: "\n").map { try JSONValue($0) }
    }

    func dispatch(_ id: Int) throws -> JSONValue { try json("dispatch", "\(id)") }

    /// Enqueues a line for the shell, and returns the dispatch's number.
    func enqueue(shell line: String) throws -> Int { try number(of: succeed("enqueue", "--shell", line)) }

    /// The number that `enqueue` and `run` print.
    func number(of output: String) throws -> Int {
        guard output.hasSuffix("\n"), let number = Int(output.dropLast()) else {
            throw TestFailure("expected a number and the end of the line, not \(output)")
        }
        return number
    }
}
