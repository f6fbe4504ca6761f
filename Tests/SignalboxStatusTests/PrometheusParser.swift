// A reader of Prometheus's text format 0.0.4 that is stricter than the format: what it takes, every collector takes.

/// The families of a text, or what is wrong with it.
struct PrometheusFamilies {
    struct Sample: Hashable {
        var name: String
        var labels: [String: String]
        var value: Double
    }
    struct Family {
        var kind: String
        var samples: [Sample] = []
    }
    struct Malformed: Error, CustomStringConvertible { var description: String }

    private(set) var families: [String: Family] = [:]

    /// The value of the one sample of that name and those labels.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        families.values.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
    }

    init(_ text: String) throws {
        guard text.isEmpty || text.hasSuffix("\n") else { throw Malformed(description: "the last line has no end") }
        var current: String?
        var helped: String?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                helped = words[2]
                guard words.count == 4, families[words[2]] == nil else { throw Malformed(description: "\(line)") }
            } else if line.hasPrefix("# TYPE ") {
                let kinds = ["counter", "gauge", "histogram", "summary"]
                guard words.count == 4, helped == words[2], kinds.contains(words[3]) else {
                    throw Malformed(description: "\(line)")
                }
                families[words[2]] = Family(kind: words[3])
                current = words[2]
            } else {
                let sample = try Self.sample(line)
                guard let family = current, Self.belongs(sample, to: family, families[family]?.kind ?? "") else {
                    throw Malformed(description: "outside of its family: \(line)")
                }
                let isNew = families[family]?.samples.allSatisfy {
                    $0.name != sample.name || $0.labels != sample.labels
                }
                guard isNew == true else { throw Malformed(description: "twice: \(line)") }
                families[family]?.samples.append(sample)
            }
        }
        for (name, family) in families { try Self.check(name, family) }
    }

    private static func belongs(_ sample: Sample, to family: String, _ kind: String) -> Bool {
        switch kind {
        case "histogram": ["_bucket", "_sum", "_count"].contains { sample.name == family + $0 }
        case "summary": ["_sum", "_count"].contains { sample.name == family + $0 }
        default: sample.name == family
        }
    }

    private static func check(_ name: String, _ family: Family) throws {
        if family.samples.isEmpty { throw Malformed(description: "\(name) has no samples") }
        if (family.kind == "counter") != name.hasSuffix("_total") {
            throw Malformed(description: "\(name) is a \(family.kind)")
        }
        guard family.kind == "histogram" else { return }
        let buckets = family.samples.filter { $0.name.hasSuffix("_bucket") }
        let limits = buckets.map { $0.labels["le"].flatMap { $0 == "+Inf" ? .infinity : Double($0) } ?? .nan }
        let count = family.samples.first { $0.name.hasSuffix("_count") }?.value
        guard limits == limits.sorted(), limits.last == .infinity,
            buckets.map(\.value) == buckets.map(\.value).sorted(),
            buckets.last?.value == count
        else { throw Malformed(description: "the buckets of \(name) do not add up") }
    }

    private static func sample(_ line: Substring) throws -> Sample {
        guard let match = line.wholeMatch(of: /([a-z_:][a-z0-9_:]*)(\{.*\})? (\S+)/), let value = Double(match.3) else {
            throw Malformed(description: "no sample: \(line)")
        }
        var labels: [String: String] = [:]
        var rest = (match.2 ?? "{}").dropFirst().dropLast()
        while !rest.isEmpty {
            guard let label = rest.prefixMatch(of: /([a-z_][a-z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(,(?=.)|$)/),
                labels.updateValue(unescaped(label.2), forKey: String(label.1)) == nil
            else { throw Malformed(description: "no label: \(rest)") }
            rest = rest[label.range.upperBound...]
        }
        return Sample(name: String(match.1), labels: labels, value: value)
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                result.append(character == "n" ? "\n" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}
