/// `text` as it may be shown to a person: control characters, line separators and bidirectional overrides are written
/// as `\u{…}`, so that text from outside cannot move the cursor, fake a line, or reverse what follows.
///
/// - Parameter keeping: scalars to leave as they are, such as a tab or the end of a line.
public func printable(_ text: some StringProtocol, keeping: Set<Unicode.Scalar> = []) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
        if isHarmless(scalar) || keeping.contains(scalar) {
            result.unicodeScalars.append(scalar)
        } else {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
    return result
}

/// `text` in double quotes, made printable and cut to a length that fits an error message.
public func quoted(_ text: some StringProtocol) -> String {
    let limit = 80
    let shown = text.count > limit ? "\(text.prefix(limit))…" : String(text)
    return "\"\(printable(shown))\""
}

private func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    default: true
    }
}
