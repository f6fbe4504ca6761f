/// Something that the kernel keeps a process to (setrlimit(2)).
public enum ResourceLimit: UInt8, Hashable, Sendable, CaseIterable {
    /// The size of its memory, mapped or used.
    case addressSpace = 0
    /// The size of the file that is written when it crashes.
    case core = 1
    /// Processor time; past it SIGXCPU ends it.
    case cpu = 2
    /// The size of its data.
    case data = 3
    /// How large a file it may write; past it SIGXFSZ ends it.
    case fileSize = 4
    /// Memory that is not swapped out.
    case lockedMemory = 5
    case openFiles = 6
    /// Processes and threads of its user, all together.
    case processes = 7
    case stack = 8

    /// What a value counts.
    public enum Unit: Hashable, Sendable { case bytes, seconds, things }

    public var unit: Unit {
        switch self {
        case .addressSpace, .core, .data, .fileSize, .lockedMemory, .stack: .bytes
        case .cpu: .seconds
        case .openFiles, .processes: .things
        }
    }

    /// The word used in files: `open_files`.
    public var word: String {
        switch self {
        case .addressSpace: "address_space"
        case .core: "core"
        case .cpu: "cpu"
        case .data: "data"
        case .fileSize: "file_size"
        case .lockedMemory: "locked_memory"
        case .openFiles: "open_files"
        case .processes: "processes"
        case .stack: "stack"
        }
    }

    public init(word: String) throws(SettingError) {
        guard let limit = Self.allCases.first(where: { $0.word == word }) else {
            let known = Self.allCases.map(\.word).sorted().joined(separator: ", ")
            throw SettingError(.limitName, "there is no limit \(quoted(word)); known are \(known)")
        }
        self = limit
    }
}

/// How much of something a process may have.
public enum LimitValue: Hashable, Sendable {
    /// Bytes, seconds or things, as ``ResourceLimit/unit`` says.
    case amount(UInt64)
    case unlimited

    /// `512M` bytes (K, M, G and T are powers of 1024), `10m` of time, `1024` things; or `unlimited`.
    public init(text: String, of limit: ResourceLimit) throws(SettingError) {
        if text == "unlimited" {
            self = .unlimited
            return
        }
        let found: UInt64? =
            switch limit.unit {
            case .bytes: Self.bytes(text)
            case .seconds: Self.seconds(text)
            case .things: Self.number(text[...])
            }
        guard let found, found < .max else {
            throw SettingError(
                .limitValue,
                "\(limit.word) is \(quoted(text)); expected \(Self.example(of: limit)), or unlimited")
        }
        self = .amount(found)
    }

    /// The form that reads back as the same value.
    public func text(of limit: ResourceLimit) -> String {
        guard case .amount(let amount) = self else { return "unlimited" }
        switch limit.unit {
        case .bytes: return Self.text(bytes: amount)
        case .seconds: return Duration.seconds(Int64(clamping: amount)).text
        case .things: return "\(amount)"
        }
    }

    private static func example(of limit: ResourceLimit) -> String {
        switch limit.unit {
        case .bytes: "a number of bytes, as in 512M"
        case .seconds: "whole seconds, as in 30s or 10m"
        case .things: "a whole number"
        }
    }

    private static let units: [(name: String, size: UInt64)] = [
        ("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10),
    ]

    private static func number(_ text: Substring) -> UInt64? {
        text.utf8.allSatisfy(\.isDigit) ? UInt64(text) : nil
    }

    private static func bytes(_ text: String) -> UInt64? {
        guard let unit = units.first(where: { text.hasSuffix($0.name) }) else { return number(text[...]) }
        guard let number = number(text.dropLast()) else { return nil }
        let (size, overflow) = number.multipliedReportingOverflow(by: unit.size)
        return overflow ? nil : size
    }

    private static func text(bytes: UInt64) -> String {
        guard bytes > 0, let unit = units.first(where: { bytes % $0.size == 0 }) else { return "\(bytes)" }
        return "\(bytes / unit.size)\(unit.name)"
    }

    private static func seconds(_ text: String) -> UInt64? {
        guard let duration = try? Duration(text: text, in: .seconds(1)...Duration.accepted.upperBound),
            duration.components.attoseconds == 0
        else { return nil }
        return UInt64(duration.components.seconds)
    }
}
