import Glibc
import SignalboxCore

/// Files that are checked in beside the tests.
enum Corpus {
    static func text(_ name: String) throws -> String {
        try readText(String(#filePath.dropLast("Corpus.swift".count)) + "Corpus/" + name)
    }
}

struct FileMissing: Error { let path: String }

func readText(_ path: String) throws -> String { String(decoding: try readBytes(path), as: UTF8.self) }

func readBytes(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rbe") else { throw FileMissing(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var byte = fgetc(file)
    while byte != EOF {
        bytes.append(UInt8(byte))
        byte = fgetc(file)
    }
    return bytes
}

/// The zone of that name from the machine's tz database; nil is UTC.
func findZone(_ name: String?) throws -> Zone {
    guard let name, name != "UTC" else { return .utc }
    return try Zone(name: name, tzif: readBytes("/usr/share/zoneinfo/\(name)"))
}
