/// Reads a short text byte by byte, for the hand-written grammars of times, durations and zone rules. It never traps:
/// past the end there is simply nothing.
struct TextScanner {
    let bytes: [UInt8]
    private(set) var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }
    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }
    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Steps over `character` if it comes next.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let next = peek, UInt32(next) == character.value else { return false }
        position += 1
        return true
    }

    /// Steps over and returns the next bytes for which `condition` holds; may be empty.
    mutating func takeWhile(_ condition: (UInt8) -> Bool) -> [UInt8] {
        let start = position
        while let next = peek, condition(next) { position += 1 }
        return Array(bytes[start..<position])
    }

    /// A number of `width` decimal digits, or nil, which leaves the position where it was.
    mutating func takeNumber(width: ClosedRange<Int>) -> Int? {
        let start = position
        var value = 0
        while let next = peek, next.isDigit, position - start < width.upperBound {
            value = value * 10 + Int(next - UInt8(ascii: "0"))
            position += 1
        }
        if position - start >= width.lowerBound { return value }
        position = start
        return nil
    }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    var isLetter: Bool {
        (self >= UInt8(ascii: "a") && self <= UInt8(ascii: "z"))
            || (self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z"))
    }
}

extension BinaryInteger {
    /// The decimal digits, with zeros in front up to `width`.
    func padded(to width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }

    /// The quotient rounded down, also below zero, and what remains (never negative for a positive divisor).
    func flooredDivision(by divisor: Self) -> (quotient: Self, remainder: Self) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension String {
    /// Without blanks at either end.
    package var trimmed: String {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\n" || $0 == "\r\n" }
        guard let first = firstIndex(where: { !blank($0) }), let last = lastIndex(where: { !blank($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
