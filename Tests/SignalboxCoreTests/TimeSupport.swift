import Glibc

@testable import SignalboxCore

/// The zone of that name from the machine's tz database.
func zone(_ name: String) throws -> Zone {
    name == "UTC" ? .utc : try Zone(name: name, tzif: zoneBytes(name))
}

struct FileMissing: Error { let path: String }

func zoneBytes(_ name: String) throws -> [UInt8] {
    let path = "/usr/share/zoneinfo/\(name)"
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
