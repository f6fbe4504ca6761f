// The one place that turns values into JSON, for the commands' `--json`, the API and the live feed: what a program has
// learned from one of them it can read from the others.

import FoundationEssentials

/// A value as JSON: one line without its end, names in the order of the alphabet, nothing escaped that need not be.
public func jsonText(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return [UInt8](try encoder.encode(value))
}
