// How the settings of a command's process, and what its exit codes mean, stand in a record of work.
internal import SignalboxCore

extension RecordWriter {
    mutating func put(_ settings: ProcessSettings) {
        put(settings.user) { $0.put($1) }
        put(settings.fileModeMask) { $0.put($1.rawValue) }
        put(settings.nice) { $0.put(UInt8(bitPattern: Int8(clamping: $1))) }
        put(each: settings.limits.sorted { $0.key.rawValue < $1.key.rawValue }) { writer, entry in
            writer.put(entry.key.rawValue)
            writer.put(entry.value)
        }
    }

    private mutating func put(_ value: LimitValue) {
        switch value {
        case .amount(let amount): put(amount)
        case .unlimited: put(UInt64.max)
        }
    }

    mutating func put(_ codes: ExitCodes) {
        put(each: codes.success.sorted()) { $0.put($1) }
        put(each: codes.fatal.sorted()) { $0.put($1) }
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    mutating func processSettings() throws -> ProcessSettings {
        var settings = ProcessSettings()
        if try flag() { settings.user = try text() }
        if try flag() {
            let mask = try number16()
            guard mask <= 0o777 else { throw RecordFault.shape }
            settings.fileModeMask = FileModeMask(rawValue: mask)
        }
        if try flag() { settings.nice = Int(Int8(bitPattern: try byte())) }
        for _ in 0..<(try count()) {
            let limit = try value(of: ResourceLimit.self)
            let amount = try number64()
            settings.limits[limit] = amount == .max ? .unlimited : .amount(amount)
        }
        return settings
    }

    @_lifetime(self: copy self)
    mutating func exitCodes() throws -> ExitCodes {
        let success = try codes()
        return ExitCodes(success: success, fatal: try codes())
    }

    @_lifetime(self: copy self)
    private mutating func codes() throws -> Set<UInt8> {
        var codes: Set<UInt8> = []
        for _ in 0..<(try count()) { codes.insert(try byte()) }
        return codes
    }
}
