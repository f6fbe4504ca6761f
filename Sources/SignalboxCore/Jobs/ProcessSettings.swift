/// How a command's process is set up before it becomes the program: as whom it runs, and what the kernel keeps it to.
public struct ProcessSettings: Hashable, Sendable {
    /// The account it runs as, by name or number; nil: the worker's own. Only a worker of root may start others'.
    public var user: String?
    /// The permissions that files it makes do not get; nil: ``FileModeMask/standard``.
    public var fileModeMask: FileModeMask?
    /// Its niceness, from -20 to 19; nil: the worker's.
    public var nice: Int?
    /// Both the soft and the hard limit of each; what is not named is the worker's.
    public var limits: [ResourceLimit: LimitValue]

    public init(
        user: String? = nil, fileModeMask: FileModeMask? = nil, nice: Int? = nil,
        limits: [ResourceLimit: LimitValue] = [:]
    ) {
        self.user = user
        self.fileModeMask = fileModeMask
        self.nice = nice
        self.limits = limits
    }

    /// What ``nice`` may be.
    public static let niceLimits = -20...19

    /// "open_files 1024, stack 64M"; nil when there is no limit.
    public var limitsText: String? {
        guard !limits.isEmpty else { return nil }
        return limits.sorted { $0.key.word < $1.key.word }.map { "\($0.key.word) \($0.value.text(of: $0.key))" }
            .joined(separator: ", ")
    }

    /// The account that `text` names, as far as that can be judged without looking it up.
    public static func user(text: String) throws(SettingError) -> String {
        guard !text.isEmpty, text.utf8.count <= 256, text.utf8.allSatisfy({ $0 > 32 && $0 != UInt8(ascii: ":") }) else {
            throw SettingError(.user, "\(quoted(text)) is no user: expected the name or the number of an account")
        }
        return text
    }
}

/// The permissions that new files do not get (umask(2)).
public struct FileModeMask: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt16

    /// - Precondition: at most 0o777.
    public init(rawValue: UInt16) {
        precondition(rawValue <= 0o777, "a file mode mask has nine bits")
        self.rawValue = rawValue
    }

    /// Others may not write.
    public static let standard = FileModeMask(rawValue: 0o022)

    /// Three octal digits, with or without a 0 in front.
    public init(text: String) throws(SettingError) {
        let digits = text.utf8.count == 4 && text.hasPrefix("0") ? text.dropFirst() : text[...]
        guard digits.utf8.count == 3, digits.utf8.allSatisfy(\.isDigit), let value = UInt16(digits, radix: 8) else {
            throw SettingError(.umask, "\(quoted(text)) is no umask: expected three octal digits, as in 022 or 077")
        }
        self.init(rawValue: value)
    }

    /// "022"
    public var text: String {
        let digits = String(rawValue, radix: 8)
        return String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }
}

/// A setting of a process that makes no sense.
public struct SettingError: Error, Hashable, CustomStringConvertible {
    public enum Code: Hashable, Sendable { case user, umask, limitName, limitValue, exitCode }

    public let code: Code
    /// What was found, and what was expected.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

/// Whether the variable `name` is one that workers set, and nobody else.
public func isReserved(variable name: String) -> Bool { name.hasPrefix("SIGNALBOX_") }
