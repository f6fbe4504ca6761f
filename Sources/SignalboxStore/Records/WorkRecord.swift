// How ``Work`` stands in the records of a definition and of a request. What is as usual takes no bytes but a flag's.
internal import SignalboxCore

/// Which of the parts that are seldom used follow, in the order of the bits.
struct WorkParts: OptionSet {
    let rawValue: UInt32
    static let environment = WorkParts(rawValue: 1 << 0)
    static let directory = WorkParts(rawValue: 1 << 1)
    static let input = WorkParts(rawValue: 1 << 2)
    static let timeout = WorkParts(rawValue: 1 << 3)
    static let retry = WorkParts(rawValue: 1 << 4)
    static let process = WorkParts(rawValue: 1 << 5)
    static let exitCodes = WorkParts(rawValue: 1 << 6)
    static let idleTimeout = WorkParts(rawValue: 1 << 7)
    static let watchdog = WorkParts(rawValue: 1 << 8)
    static let killGrace = WorkParts(rawValue: 1 << 9)

    static let concurrency = WorkParts(rawValue: 1 << 10)
    static let rate = WorkParts(rawValue: 1 << 11)

    init(rawValue: UInt32) { self.rawValue = rawValue }

    init(of work: Work) {
        var parts: WorkParts = []
        func mark(_ part: WorkParts, _ condition: Bool) { if condition { parts.insert(part) } }
        mark(.environment, !work.environment.isEmpty)
        mark(.directory, work.directory != nil)
        mark(.input, !work.input.isEmpty)
        mark(.timeout, work.timeout != nil)
        mark(.retry, work.retry != RetryPolicy())
        mark(.concurrency, work.concurrency != nil)
        mark(.rate, work.rate != nil)
        mark(.process, work.process != ProcessSettings())
        mark(.exitCodes, work.exitCodes != ExitCodes())
        mark(.idleTimeout, work.idleTimeout != nil)
        mark(.watchdog, work.watchdog != nil)
        mark(.killGrace, work.killGrace != Work.standardKillGrace)
        self = parts
    }

    static let all: WorkParts = [
        .environment, .directory, .input, .timeout, .retry, .process, .exitCodes, .idleTimeout, .watchdog, .killGrace,
        .concurrency, .rate,
    ]
}

extension RecordWriter {
    mutating func put(_ work: Work) {
        let parts = WorkParts(of: work)
        put(parts.rawValue)
        put(work.command)
        put(work.rescue.rawValue)
        if parts.contains(.environment) { put(environment: work.environment) }
        if let directory = work.directory { put(directory) }
        if parts.contains(.input) { put(work.input) }
        if let timeout = work.timeout { put(timeout) }
        if parts.contains(.retry) { put(work.retry) }
        if parts.contains(.process) { put(work.process) }
        if parts.contains(.exitCodes) { put(work.exitCodes) }
        if let timeout = work.idleTimeout { put(timeout) }
        if let watchdog = work.watchdog { put(watchdog) }
        if parts.contains(.killGrace) { put(work.killGrace) }
        if let limit = work.concurrency {
            put(limit.key)
            put(UInt32(clamping: limit.max))
        }
        if let limit = work.rate {
            put(limit.key)
            put(limit.rate)
        }
    }

    mutating func put(_ command: Command) {
        switch command {
        case .program(let arguments):
            put(UInt8(0))
            put(each: arguments) { $0.put($1) }
        case .shell(let line):
            put(UInt8(1))
            put(line)
        case .handler(let name):
            put(UInt8(2))
            put(name.text)
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
}

extension RecordReader {
    @_lifetime(self: copy self)
    mutating func work() throws -> Work {
        let parts = WorkParts(rawValue: try number32())
        guard parts.isSubset(of: .all) else { throw RecordFault.shape }
        var work = Work(command: try command())
        work.rescue = try value(of: RescuePolicy.self)
        if parts.contains(.environment) { work.environment = try environment() }
        if parts.contains(.directory) { work.directory = try text() }
        if parts.contains(.input) { work.input = try data() }
        if parts.contains(.timeout) { work.timeout = try duration() }
        if parts.contains(.retry) { work.retry = try retryPolicy() }
        if parts.contains(.process) { work.process = try processSettings() }
        if parts.contains(.exitCodes) { work.exitCodes = try exitCodes() }
        if parts.contains(.idleTimeout) { work.idleTimeout = try duration() }
        if parts.contains(.watchdog) { work.watchdog = try duration() }
        if parts.contains(.killGrace) { work.killGrace = try duration() }
        if parts.contains(.concurrency) {
            let key = try text()
            work.concurrency = ConcurrencyLimit(key: key, max: Int(try number32()))
        }
        if parts.contains(.rate) {
            let key = try text()
            work.rate = RateLimit(key: key, rate: try rate())
        }
        return work
    }

    @_lifetime(self: copy self)
    mutating func command() throws -> Command {
        switch try byte() {
        case 0:
            var arguments: [String] = []
            for _ in 0..<(try count()) { arguments.append(try text()) }
            return .program(arguments)
        case 1: return .shell(try text())
        case 2: return .handler(try HandlerName(try text()))
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
}
