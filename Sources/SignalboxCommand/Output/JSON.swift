import ArgumentParser
import Glibc
import SignalboxStatus

/// The option that every reading command has.
struct JSONOption: ParsableArguments {
    @Flag(help: "Print JSON: lists as one object a line.")
    var json = false
}

/// JSON as the manual promises it, a line an object.
enum JSON {
    static func write(_ value: some Encodable) throws {
        Terminal.write(try jsonText(value) + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
    }
}
