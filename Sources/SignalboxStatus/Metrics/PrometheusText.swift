// The text format 0.0.4 of Prometheus:
// https://github.com/prometheus/docs/blob/main/content/docs/instrumenting/exposition_formats.md

/// Builds the text: each family's help and type once, then its samples.
struct PrometheusText {
    enum Kind: String {
        case counter, gauge, histogram, summary
    }

    private(set) var text = ""

    /// Begins a family; nothing when it has no samples.
    mutating func family(
        _ name: StaticString, _ kind: Kind, _ help: StaticString, _ samples: (inout Samples) -> Void
    ) {
        var list = Samples(name: "\(name)")
        samples(&list)
        guard !list.text.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n\(list.text)"
    }

    /// A family of one sample without labels.
    mutating func value(_ name: StaticString, _ kind: Kind, _ help: StaticString, _ value: Double) {
        family(name, kind, help) { $0.add([], value) }
    }

    struct Samples {
        fileprivate let name: String
        fileprivate var text = ""

        fileprivate init(name: String) { self.name = name }

        /// - Parameter suffix: what the name of a part of a histogram or summary ends in.
        mutating func add(_ labels: [(StaticString, String)], suffix: StaticString = "", _ value: Double) {
            text += name
            text += "\(suffix)"
            if !labels.isEmpty {
                text += "{" + labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",") + "}"
            }
            text += " \(number(value))\n"
        }
    }
}

/// Whole numbers without a point.
private func number(_ value: Double) -> String {
    value.rounded() == value && value.magnitude < 9e15 ? String(Int(value)) : String(value)
}

private func escaped(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == 0x0A }) else {
        return text
    }
    return text.unicodeScalars.reduce(into: "") { result, scalar in
        switch scalar {
        case "\\": result += "\\\\"
        case "\"": result += "\\\""
        case "\n": result += "\\n"
        default: result.unicodeScalars.append(scalar)
        }
    }
}
