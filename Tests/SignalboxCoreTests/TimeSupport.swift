import Glibc

@testable import SignalboxCore

/// The zone of that name from the machine's tz database.
func zone(_ name: String) throws -> Zone {
    name == "UTC" ? .utc : try Zone(name: name, tzif: zoneBytes(name))
}

struct FileMissing: Error { let path: String }

func zoneBytes(_ name: String) throws -> [UInt8] { try fileBytes("/usr/share/zoneinfo/\(name)") }

func fileBytes(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rbe") else { throw FileMissing(path: path) }
    defer { fclose(file) }
    var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

func instant(_ text: String) throws -> Instant { try Instant(text: text) }

/// A generator whose every run is the same: SplitMix64.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
