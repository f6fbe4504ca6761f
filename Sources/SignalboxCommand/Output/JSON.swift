import ArgumentParser
import FoundationEssentials
import Glibc

/// The option that every reading command has.
struct JSONOption: ParsableArguments {
    @Flag(help: "Print JSON: lists as one object a line.")
    var json = false
}

/// JSON as the manual promises it: one line an object, names in the order of the alphabet.
enum JSON {
    static func write(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        Terminal.write([UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
    }
}
