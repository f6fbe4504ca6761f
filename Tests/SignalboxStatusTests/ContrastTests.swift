import Glibc
@testable import SignalboxStatus
import Testing

/// What people read must stand out from what it stands on: by the formula of WCAG 2.2, with the colours that the style
/// sheet has, in both schemes.
@Suite struct `The colours` {
    private static let tones = [
        "success", "failed", "in-progress", "pending", "scheduled", "blocked", "cancelled", "skipped", "idle",
    ]

    @Test(arguments: ["light", "dark"]) func `of texts can be read by everybody`(scheme: String) throws {
        let colours = try Palette(scheme)
        for ground in ["ground", "surface", "sunken"] {
            for text in ["ink", "quiet", "accent"] {
                let ratio = try colours[text].contrast(to: colours[ground])
                #expect(ratio >= 4.5, "\(text) on \(ground): \(ratio)")
            }
        }
        for tone in Self.tones {
            let surface = try colours["surface"]
            // A badge is written in its tone, on 12 % of it; and so is a tile's name on the bare surface.
            let badge = try colours[tone].contrast(to: colours[tone].mixed(0.12, into: surface))
            #expect(badge >= 4.5, "\(tone) in a badge: \(badge)")
            for ground in ["surface", "sunken"] {
                let plain = try colours[tone].contrast(to: colours[ground])
                #expect(plain >= 4.5, "\(tone) on \(ground): \(plain)")
            }
        }
    }

    @Test(arguments: ["light", "dark"]) func `of drawings and of what has the keyboard can be told apart`(
        scheme: String
    ) throws {
        let colours = try Palette(scheme)
        for mark in Self.tones + ["focus", "accent"] {
            for ground in ["ground", "surface", "sunken"] {
                let ratio = try colours[mark].contrast(to: colours[ground])
                #expect(ratio >= 3, "\(mark) on \(ground): \(ratio)")
            }
        }
    }

    @Test func `are of the same names in both schemes`() throws {
        #expect(try Palette("light").names == Palette("dark").names)
    }
}

/// The custom properties of a scheme that are colours.
private struct Palette {
    private var colours: [String: Colour] = [:]
    var names: Set<String> { Set(colours.keys) }

    init(_ scheme: String) throws {
        let blocks = styleSheetText.ranges(of: ":root {").prefix(2).map {
            styleSheetText[$0.upperBound...].prefix { $0 != "}" }
        }
        for property in try #require(scheme == "light" ? blocks.first : blocks.last).split(separator: ";") {
            let halves = property.split(separator: ":", maxSplits: 1).map { $0.drop(while: \.isWhitespace) }
            guard halves.count == 2, halves[0].hasPrefix("--"), halves[1].hasPrefix("#") else { continue }
            colours[String(halves[0].dropFirst(2))] = try Colour(halves[1])
        }
    }

    subscript(name: String) -> Colour { get throws { try #require(colours[name], "there is no colour \(name)") } }
}

private struct Colour {
    /// Red, green and blue, 0 to 1.
    private var parts: [Double]

    init(_ text: Substring) throws {
        let number = try #require(Int(text.dropFirst(), radix: 16), "\(text)")
        parts = [16, 8, 0].map { Double(number >> $0 & 255) / 255 }
    }

    /// So much of it, and the rest of `ground`.
    func mixed(_ part: Double, into ground: Colour) -> Colour {
        var mixed = self
        for index in parts.indices { mixed.parts[index] = parts[index] * part + ground.parts[index] * (1 - part) }
        return mixed
    }

    /// 1 to 21.
    func contrast(to other: Colour) -> Double {
        let (one, two) = (luminance, other.luminance)
        return (max(one, two) + 0.05) / (min(one, two) + 0.05)
    }

    private var luminance: Double {
        zip(parts, [0.2126, 0.7152, 0.0722]).reduce(0) { sum, part in
            sum + part.1 * (part.0 <= 0.04045 ? part.0 / 12.92 : pow((part.0 + 0.055) / 1.055, 2.4))
        }
    }
}
