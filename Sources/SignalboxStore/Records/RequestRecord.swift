internal import SignalboxCore

extension Request: Record {
    static var layout: UInt8 { 1 }

    func write(to writer: inout RecordWriter) {
        writer.put(command)
        writer.put(environment: environment)
        writer.put(directory) { $0.put($1) }
        writer.put(input)
        writer.put(timeout) { $0.put($1) }
        writer.put(retry)
        writer.put(rescue.rawValue)
        writer.put(uniqueKey) { $0.put($1) }
        writer.put(each: after) { $0.put($1.number) }
        writer.put(revision) { $0.put($1) }
        writer.put(overlap) { $0.put($1) }
        writer.put(startBy) { $0.put($1) }
    }

    static func read(from reader: inout RecordReader) throws -> Request {
        let command = try reader.command()
        let environment = try reader.environment()
        let directory = try reader.flag() ? try reader.text() : nil
        let input = try reader.data()
        let timeout = try reader.flag() ? try reader.duration() : nil
        let retry = try reader.retryPolicy()
        let rescue = try reader.value(of: RescuePolicy.self)
        let uniqueKey = try reader.flag() ? try reader.text() : nil
        var after: [DispatchID] = []
        for _ in 0..<(try reader.count()) { after.append(DispatchID(try reader.number64())) }
        let revision = try reader.flag() ? try reader.number32() : nil
        let overlap = try reader.flag() ? try reader.overlapRule() : nil
        return Request(
            command: command, environment: environment, directory: directory, input: input, timeout: timeout,
            retry: retry, rescue: rescue, uniqueKey: uniqueKey, after: after, revision: revision,
            overlap: overlap, startBy: try reader.flag() ? try reader.duration() : nil)
    }
}

extension RecordWriter {
    mutating func put(_ command: Command) {
        switch command {
        case .program(let arguments):
            put(UInt8(0))
            put(each: arguments) { $0.put($1) }
        case .shell(let line):
            put(UInt8(1))
            put(line)
        }
    }

    /// In the order of the names, so that equal values have equal records.
    mutating func put(environment: [String: String]) {
        if environment.isEmpty { return put(UInt32(0)) }
        put(each: environment.sorted { $0.key < $1.key }) { writer, entry in
            writer.put(entry.key)
            writer.put(entry.value)
        }
    }

    mutating func put(_ rule: OverlapRule) {
        put(rule.policy.rawValue)
        put(rule.limit) { $0.put(UInt32(clamping: $1)) }
    }

    mutating func put(_ policy: RetryPolicy) {
        put(policy.base)
        put(policy.factor)
        put(policy.cap)
        put(policy.jitter)
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    mutating func command() throws -> Command {
        switch try byte() {
        case 0:
            var arguments: [String] = []
            for _ in 0..<(try count()) { arguments.append(try text()) }
            return .program(arguments)
        case 1: return .shell(try text())
        default: throw RecordFault.shape
        }
    }

    @_lifetime(self: copy self)
    mutating func environment() throws -> [String: String] {
        var environment: [String: String] = [:]
        for _ in 0..<(try count()) {
            let name = try text()
            environment[name] = try text()
        }
        return environment
    }

    @_lifetime(self: copy self)
    mutating func overlapRule() throws -> OverlapRule {
        let policy = try value(of: OverlapPolicy.self)
        return OverlapRule(policy, limit: try flag() ? Int(try number32()) : nil)
    }

    @_lifetime(self: copy self)
    mutating func retryPolicy() throws -> RetryPolicy {
        RetryPolicy(
            base: try duration(), factor: try double(), cap: try duration(), jitter: try double())
    }
}
