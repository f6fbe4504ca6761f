// JSON as the bytes it came in: checked and taken apart, never rewritten. What people hand to their own handlers must
// arrive as they wrote it, with every digit of a number and the members in their order; and no decoder that loads
// Foundation is wanted in a process that is to be idle.

/// A piece of JSON that has been checked (RFC 8259), as its own bytes.
public struct JSONText: Hashable, Sendable {
    public enum Kind: Hashable, Sendable { case object, array, string, number, boolean, null }

    /// Without white space around it.
    public let bytes: ArraySlice<UInt8>

    /// Nested deeper than this nothing is read: nobody writes such a text by hand or on purpose.
    public static let depthLimit = 128

    /// Nil when `bytes` are not exactly one JSON value in UTF-8.
    public init?(_ bytes: ArraySlice<UInt8>) {
        var scanner = JSONScanner(bytes)
        scanner.skipSpace()
        let start = scanner.offset
        guard scanner.value(depth: 0) else { return nil }
        let end = scanner.offset
        scanner.skipSpace()
        guard scanner.isAtEnd, String(validating: bytes[start..<end], as: UTF8.self) != nil else { return nil }
        self.bytes = bytes[start..<end]
    }

    public init?(_ bytes: [UInt8]) { self.init(bytes[...]) }
    public init?(_ text: String) { self.init(Array(text.utf8)[...]) }

    private init(checked bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    /// A text as JSON.
    public init(string: String) { bytes = Self.quoted(string)[...] }

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public var kind: Kind {
        switch bytes.first {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    /// The members of an object in the order they stand there; nil for anything else.
    public var members: [(name: String, value: JSONText)]? {
        guard kind == .object else { return nil }
        var scanner = JSONScanner(bytes)
        var members: [(name: String, value: JSONText)] = []
        scanner.step()
        while scanner.skipSpace(), scanner.peek != UInt8(ascii: "}") {
            if scanner.peek == UInt8(ascii: ",") { scanner.step() }
            scanner.skipSpace()
            let name = next(&scanner)
            scanner.skipSpace()
            scanner.step()
            scanner.skipSpace()
            members.append((name.string ?? "", next(&scanner)))
        }
        return members
    }

    /// The values of an array; nil for anything else.
    public var elements: [JSONText]? {
        guard kind == .array else { return nil }
        var scanner = JSONScanner(bytes)
        var elements: [JSONText] = []
        scanner.step()
        while scanner.skipSpace(), scanner.peek != UInt8(ascii: "]") {
            if scanner.peek == UInt8(ascii: ",") { scanner.step() }
            scanner.skipSpace()
            elements.append(next(&scanner))
        }
        return elements
    }

    /// The last member of that name, as most readers of JSON take it; nil where there is none.
    public subscript(name: String) -> JSONText? { members?.last { $0.name == name }?.value }

    private func next(_ scanner: inout JSONScanner) -> JSONText {
        let start = scanner.offset
        _ = scanner.value(depth: 0)
        return JSONText(checked: bytes[start..<scanner.offset])
    }

    /// The text that a JSON string stands for; nil for anything else.
    public var string: String? {
        guard kind == .string else { return nil }
        var units: [UInt8] = []
        var rest = bytes.dropFirst().dropLast()
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                units.append(byte)
                continue
            }
            units += Self.unescaped(&rest)
        }
        return String(decoding: units, as: UTF8.self)
    }

    /// Nil for anything but a number.
    public var number: Double? { kind == .number ? Double(text) : nil }

    /// Nil for anything but `true` and `false`.
    public var boolean: Bool? { kind == .boolean ? bytes.first == UInt8(ascii: "t") : nil }

    /// What stands behind a backslash, as UTF-8; a surrogate without its other half becomes U+FFFD.
    private static func unescaped(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        switch rest.popFirst() {
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "u"):
            var units = [unit(&rest)]
            if UTF16.isLeadSurrogate(units[0]), rest.starts(with: "\\u".utf8) {
                var after = rest.dropFirst(2)
                let second = unit(&after)
                if UTF16.isTrailSurrogate(second) {
                    units.append(second)
                    rest = after
                }
            }
            return Array(String(decoding: units, as: UTF16.self).utf8)
        case let other?: return [other]
        case nil: return []
        }
    }

    private static func unit(_ rest: inout ArraySlice<UInt8>) -> UInt16 {
        let digits = String(decoding: rest.prefix(4), as: UTF8.self)
        rest = rest.dropFirst(4)
        return UInt16(digits, radix: 16) ?? 0xFFFD
    }

    /// `text` between quotation marks, with what must not stand there escaped. It is one line whatever it holds.
    private static func quoted(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 10: bytes += "\\n".utf8
            case ..<32, 127: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
        return bytes + [UInt8(ascii: "\"")]
    }
}

/// Steps over JSON without keeping any of it.
private struct JSONScanner {
    private let bytes: ArraySlice<UInt8>
    private(set) var offset: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    var isAtEnd: Bool { offset == bytes.endIndex }
    var peek: UInt8? { isAtEnd ? nil : bytes[offset] }
    mutating func step() { if !isAtEnd { offset += 1 } }

    /// False at the end of the bytes.
    @discardableResult
    mutating func skipSpace() -> Bool {
        while let byte = peek, byte == 32 || (9...10).contains(byte) || byte == 13 { step() }
        return !isAtEnd
    }

    /// Steps over one value; false when there is none.
    mutating func value(depth: Int) -> Bool {
        guard depth < JSONText.depthLimit, let byte = peek else { return false }
        switch byte {
        case UInt8(ascii: "{"): return list(until: UInt8(ascii: "}")) { $0.member(depth: depth + 1) }
        case UInt8(ascii: "["): return list(until: UInt8(ascii: "]")) { $0.value(depth: depth + 1) }
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return number()
        }
    }

    private mutating func list(until end: UInt8, _ item: (inout JSONScanner) -> Bool) -> Bool {
        step()
        skipSpace()
        if peek == end {
            step()
            return true
        }
        while item(&self) {
            skipSpace()
            let byte = peek
            step()
            if byte == end { return true }
            guard byte == UInt8(ascii: ",") else { return false }
            skipSpace()
        }
        return false
    }

    private mutating func member(depth: Int) -> Bool {
        guard peek == UInt8(ascii: "\""), string() else { return false }
        skipSpace()
        guard peek == UInt8(ascii: ":") else { return false }
        step()
        skipSpace()
        return value(depth: depth)
    }

    private mutating func string() -> Bool {
        step()
        while let byte = peek {
            step()
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"): guard escape() else { return false }
            case ..<32: return false
            default: break
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard let byte = peek else { return false }
        step()
        guard byte == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(byte) }
        for _ in 0..<4 {
            guard let digit = peek, Character(UnicodeScalar(digit)).isHexDigit else { return false }
            step()
        }
        return true
    }

    private mutating func word(_ word: StaticString) -> Bool {
        let word = "\(word)".utf8
        guard bytes[offset...].starts(with: word) else { return false }
        offset += word.count
        return true
    }

    private mutating func number() -> Bool {
        if peek == UInt8(ascii: "-") { step() }
        if peek == UInt8(ascii: "0") { step() } else { guard digits() else { return false } }
        if peek == UInt8(ascii: ".") {
            step()
            guard digits() else { return false }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            step()
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { step() }
            guard digits() else { return false }
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = offset
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { step() }
        return offset > start
    }
}
