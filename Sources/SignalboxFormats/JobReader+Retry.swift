import SignalboxCore

/// The value of `retry`: one word, as in `fixed:10s`, or a mapping.
extension JobReader {
    private static let shapes = ["base", "fixed", "linear", "list"]

    func retry(_ entry: YAMLEntry, _ job: YAMLFields) throws(FormatError) -> RetryPolicy {
        if case .scalar = entry.value.value { return try word(entry, job) }
        let keys = Self.shapes + ["factor", "cap", "jitter"]
        let fields = try YAMLFields(entry.value, file: job.file, what: "retry", keys: keys)
        let present = fields.present(Self.shapes)
        guard present.count <= 1 else {
            throw fields.error(
                present[1].place,
                "\(present[0].key) and \(present[1].key) exclude each other: give at most one of "
                    + Self.shapes.joined(separator: ", "), .conflict)
        }
        var policy = try backoff(present.first?.key ?? "base", fields)
        if let jitter = try fields.decimal("jitter", in: 0...1) { policy.jitter = jitter }
        return policy
    }

    private func word(_ entry: YAMLEntry, _ job: YAMLFields) throws(FormatError) -> RetryPolicy {
        let text = try job.text(of: entry.value, for: "retry")
        do { return try RetryPolicy(text: text) } catch {
            throw job.error(entry.value.place, "retry: \(error), or a mapping as in {base: 15s, factor: 2, cap: 1h}")
        }
    }

    private func backoff(_ shape: String, _ fields: YAMLFields) throws(FormatError) -> RetryPolicy {
        let isFixed = shape == "fixed" || shape == "list"
        if let extra = fields.present(["factor", "cap"]).first(where: {
            isFixed || shape == "linear" && $0.key == "factor"
        }) {
            throw fields.error(extra.place, "\(extra.key) does not go with \(shape)", .conflict)
        }
        let cap = try fields.duration("cap", in: Duration.accepted) ?? RetryPolicy.standardCap
        let wait = shape == "list" ? nil : try fields.duration(shape, in: Duration.accepted)
        switch shape {
        case "list": return RetryPolicy(.list(try waits(fields)))
        case "fixed": return RetryPolicy(.fixed(wait ?? .zero))
        case "linear": return RetryPolicy(.linear(step: wait ?? .zero, cap: cap))
        default:
            let factor = try fields.decimal("factor", in: 1...100) ?? 2
            return RetryPolicy(base: wait ?? .seconds(15), factor: factor, cap: cap)
        }
    }

    private func waits(_ fields: YAMLFields) throws(FormatError) -> [Duration] {
        guard let entry = fields["list"], case .sequence(let items) = entry.value.value,
            (1...RetryPolicy.listLimit).contains(items.count)
        else {
            throw fields.error(
                fields["list"]?.value.place ?? fields.place,
                "list must be a list of 1 to \(RetryPolicy.listLimit) durations, as in [10s, 1m, 10m]")
        }
        var waits: [Duration] = []
        for item in items {
            let text = try fields.text(of: item, for: "a wait of list")
            do { waits.append(try Duration(text: text)) } catch { throw fields.error(item.place, "list: \(error)") }
        }
        return waits
    }
}
