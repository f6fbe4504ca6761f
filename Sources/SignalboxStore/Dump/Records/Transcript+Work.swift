// What is run: the part that definitions, requests and handlers have in common. Here secrets are left out.

internal import SignalboxCore

extension Transcript {
    @_lifetime(self: copy self)
    mutating func work() throws {
        var parts: WorkParts = []
        let place = output.count
        if isPrinting {
            parts = WorkParts(rawValue: try recordNumber32())
            guard parts.isSubset(of: .all) else { throw RecordFault.shape }
        } else {
            output.put(littleEndian: UInt32(0))
        }
        try command()
        try word(.onCrash, Words.rescuePolicies)
        if isIn(&parts, .environment, .environment) { try environment() }
        if isIn(&parts, .directory, .workingDirectory) { try text() }
        try input(&parts)
        if isIn(&parts, .timeout, .timeout) { try duration() }
        if isIn(&parts, .retry, .retry) { try retryPolicy() }
        if isIn(&parts, .process, .process) { try processSettings() }
        if isIn(&parts, .exitCodes, .exitCodes) { try exitCodes() }
        if isIn(&parts, .idleTimeout, .idleTimeout) { try duration() }
        if isIn(&parts, .watchdog, .watchdog) { try duration() }
        if isIn(&parts, .killGrace, .killGrace) { try duration() }
        if isIn(&parts, .concurrency, .concurrency) { try concurrencyLimit() }
        if isIn(&parts, .rate, .rate) { try rateLimit() }
        if !isPrinting { output.set(parts.rawValue, at: place) }
    }

    /// Whether a part is there, whose value then comes next.
    @_lifetime(self: copy self)
    private mutating func isIn(_ parts: inout WorkParts, _ part: WorkParts, _ name: FieldName) -> Bool {
        if isPrinting {
            guard parts.contains(part) else { return false }
            printField(name)
            return true
        }
        guard takeField(name) else { return false }
        parts.insert(part)
        return true
    }

    // MARK: Commands

    /// `command` with its arguments, a line for the `shell`, or the name of a `handler`.
    @_lifetime(self: copy self)
    mutating func command() throws {
        if isPrinting {
            switch try recordByte() {
            case 0: try arguments()
            case 1: try shellLine()
            case 2: try name(.handler, of: .handler)
            default: throw RecordFault.shape
            }
            return
        }
        let place = output.count
        output.put(0)
        if takeField(.shell) {
            output.set(byte: 1, at: place)
            try text()
        } else if takeField(.handler) {
            output.set(byte: 2, at: place)
            try name(of: .handler)
        } else {
            try arguments()
        }
    }

    @_lifetime(self: copy self)
    private mutating func arguments() throws {
        let start = offset
        var list = try beginList(.command)
        guard isPrinting, redacts, try argumentsMayHoldSecrets(list.left) else {
            while try nextElement(&list) { try text() }
            return
        }
        offset = start
        var arguments: [String] = []
        for _ in 0..<(try recordNumber32()) { arguments.append(try recordString()) }
        for argument in redacted(arguments: arguments) {
            _ = try nextElement(&list)
            try printText(argument.utf8.span)
        }
        _ = try nextElement(&list)
    }

    @_lifetime(self: copy self)
    private mutating func argumentsMayHoldSecrets(_ count: UInt32) throws -> Bool {
        let start = offset
        var found = false
        for _ in 0..<count where !found { found = mayHoldSecret(try recordText()) }
        offset = start
        return found
    }

    @_lifetime(self: copy self)
    private mutating func shellLine() throws {
        try field(.shell)
        let start = offset
        guard redacts, mayHoldSecret(try recordText()) else {
            offset = start
            return try text()
        }
        offset = start
        let shown = redacted(line: try recordString())
        try printText(shown.utf8.span)
    }

    @_lifetime(self: copy self)
    private mutating func recordString() throws -> String {
        guard let text = try recordText().text else { throw RecordFault.shape }
        return text
    }

    // MARK: What it is given

    /// An object with a field for each variable.
    @_lifetime(self: copy self)
    mutating func environment() throws {
        var list = try beginList(UInt8(ascii: "{"))
        while try nextElement(&list) {
            guard redacts else {
                try freeName()
                try text()
                continue
            }
            let start = offset
            let name = try recordString()
            offset = start
            try freeName()
            if isSecret(name) {
                _ = try recordText()
                printWord(redactionMark)
            } else {
                try text()
            }
        }
    }

    /// `input`, or `input_base64` where it is no text.
    @_lifetime(self: copy self)
    private mutating func input(_ parts: inout WorkParts) throws {
        if isPrinting {
            guard parts.contains(.input) else { return }
            let start = offset
            if redacts {
                let data = try recordText()
                if mayHoldSecret(data) {
                    guard let text = data.text else {
                        try field(.inputBase64)
                        return printBase64(redacted(payload: copied(data)).span)
                    }
                    try field(.input)
                    let shown = redacted(payload: text)
                    return try printText(shown.utf8.span)
                }
                offset = start
            }
            return try bytes(.input, base64: .inputBase64)
        }
        let start = offset
        guard takeField(.input) || takeField(.inputBase64) else { return }
        rewind(to: start)
        parts.insert(.input)
        try bytes(.input, base64: .inputBase64)
    }

    // MARK: How it is treated

    @_lifetime(self: copy self)
    private mutating func retryPolicy() throws {
        try beginObject()
        try field("backoff")
        var kind = BackoffWord.exponential
        if isPrinting {
            guard let found = BackoffWord(rawValue: try recordByte()) else { throw RecordFault.shape }
            kind = found
            printWord(kind.text)
        } else {
            kind = try parseWord { $0.text }
            output.put(kind.rawValue)
        }
        switch kind {
        case .exponential:
            try duration("base_seconds")
            try double("factor")
            try duration("cap_seconds")
        case .fixed: try duration("wait_seconds")
        case .linear:
            try duration("step_seconds")
            try duration("cap_seconds")
        case .list:
            var list = try beginList("waits_seconds")
            while try nextElement(&list) { try duration() }
        }
        try double("jitter")
        try optionalDuration("retry_for_seconds")
        try flag("until_next")
        try endObject()
    }

    @_lifetime(self: copy self)
    private mutating func processSettings() throws {
        try beginObject()
        try optionalText("user")
        if try optional("umask") { try fileModeMask() }
        if try optional("nice") { try signed8() }
        try field("limits")
        var list = try beginList(UInt8(ascii: "{"))
        while try nextElement(&list) { try resourceLimit() }
        try endObject()
    }

    /// Three octal digits in quotes.
    @_lifetime(self: copy self)
    private mutating func fileModeMask() throws {
        if isPrinting {
            let mask = try recordNumber16()
            guard mask <= 0o777 else { throw RecordFault.shape }
            return printWord(FileModeMask(rawValue: mask).text)
        }
        let column = offset + 1
        let digits = try word().text ?? ""
        guard digits.utf8.count == 3, let mask = try? FileModeMask(text: digits) else {
            throw DumpFault(column: column, reason: #"expected three octal digits in quotes, as in "022""#)
        }
        output.put(littleEndian: mask.rawValue)
    }

    /// A field with the limit's name, and a number or "unlimited".
    @_lifetime(self: copy self)
    private mutating func resourceLimit() throws {
        if isPrinting {
            guard let limit = ResourceLimit(rawValue: try recordByte()) else { throw RecordFault.shape }
            printWord(limit.word)
            output.put(UInt8(ascii: ":"))
            let amount = try recordNumber64()
            return amount == .max ? printWord("unlimited") : printNumber(amount)
        }
        output.put(try parseWord { (limit: ResourceLimit) in limit.word }.rawValue)
        guard take(UInt8(ascii: ":")) else { throw fault("expected :") }
        output.put(littleEndian: take("\"unlimited\"") ? .max : try parseNumber(upTo: .max - 1))
    }

    @_lifetime(self: copy self)
    private mutating func exitCodes() throws {
        try beginObject()
        var success = try beginList("success")
        while try nextElement(&success) { try number8() }
        var fatal = try beginList("fatal")
        while try nextElement(&fatal) { try number8() }
        try endObject()
    }

    // MARK: Limits of keys

    @_lifetime(self: copy self)
    private mutating func concurrencyLimit() throws {
        try beginObject()
        try text("key")
        try number32("max")
        try endObject()
    }

    @_lifetime(self: copy self)
    private mutating func rateLimit() throws {
        try beginObject()
        try text("key")
        try rate()
        try endObject()
    }

    /// So many starts in so long.
    @_lifetime(self: copy self)
    mutating func rate() throws {
        try number32("count")
        try duration("per_seconds")
    }

    /// A policy, and its limit where it has one.
    @_lifetime(self: copy self)
    mutating func overlapRule() throws {
        try word("overlap", OverlapPolicy.self) { $0.word }
        if try optional("overlap_limit") { try number32() }
    }
}

/// How waits grow, as records number it.
private enum BackoffWord: UInt8, CaseIterable {
    case exponential = 0
    case fixed = 1
    case linear = 2
    case list = 3

    var text: String {
        switch self {
        case .exponential: "exponential"
        case .fixed: "fixed"
        case .linear: "linear"
        case .list: "list"
        }
    }
}
