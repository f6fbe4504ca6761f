import SignalboxCore

// How a command's process is set up and watched, and what its exit codes mean.
extension JobReader {
    static let processKeys = [
        "user", "umask", "nice", "limits", "success", "fatal", "idle_timeout", "watchdog", "kill_grace",
    ]

    func process(_ fields: YAMLFields, of work: inout Work) throws(FormatError) {
        work.process.user = try fields.value("user", ProcessSettings.user(text:))
        work.process.fileModeMask = try fields.value("umask") { try FileModeMask(text: $0) }
        work.process.nice = try fields.number("nice", in: ProcessSettings.niceLimits)
        if let entry = fields["limits"] { work.process.limits = try limits(entry, fields) }
        work.exitCodes = try exitCodes(fields)
        work.idleTimeout = try fields.duration("idle_timeout", in: Work.timeoutLimits)
        work.watchdog = try fields.duration("watchdog", in: Work.timeoutLimits)
        if let grace = try fields.duration("kill_grace", in: Work.killGraceLimits) { work.killGrace = grace }
    }

    private func limits(
        _ entry: YAMLEntry, _ fields: YAMLFields
    ) throws(FormatError) -> [ResourceLimit: LimitValue] {
        guard case .mapping(let list) = entry.value.value else {
            throw fields.error(
                entry.value.place, "limits must be a mapping, as in {open_files: 1024, address_space: 512M}")
        }
        var limits: [ResourceLimit: LimitValue] = [:]
        for item in list {
            do {
                let limit = try ResourceLimit(word: item.key)
                let text = try fields.text(of: item.value, for: item.key)
                limits[limit] = try LimitValue(text: text, of: limit)
            } catch let error as FormatError {
                throw error
            } catch let error as SettingError {
                throw fields.error(error.code == .limitName ? item.place : item.value.place, error.description)
            } catch {
                throw fields.error(item.value.place, "\(error)")
            }
        }
        return limits
    }

    private func exitCodes(_ fields: YAMLFields) throws(FormatError) -> ExitCodes {
        let success = try codes("success", fields)
        guard let fatal = try codes("fatal", fields) else { return ExitCodes(success: success ?? []) }
        guard let entry = fields["fatal"], let both = fatal.intersection((success ?? []).union([0])).min() else {
            return ExitCodes(success: success ?? [], fatal: fatal)
        }
        throw fields.error(entry.value.place, "\(both) cannot be both a success and fatal", .conflict)
    }

    /// A list of codes, or a single one; nil when the key is not there.
    private func codes(_ key: String, _ fields: YAMLFields) throws(FormatError) -> Set<UInt8>? {
        guard let entry = fields[key] else { return nil }
        let nodes: [YAMLNode]
        if case .sequence(let items) = entry.value.value { nodes = items } else { nodes = [entry.value] }
        var codes: Set<UInt8> = []
        for node in nodes {
            let text = try fields.text(of: node, for: key)
            guard let code = UInt8(text) else {
                throw fields.error(
                    node.place, "\(key) has \(quoted(text)); expected exit codes from 0 to 255, as in [0, 3]")
            }
            codes.insert(code)
        }
        return codes
    }
}
