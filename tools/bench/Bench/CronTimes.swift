// How fast the next times of a schedule are found, for tools/bench/cron, which measures others' beside it.
import Glibc
import SignalboxCore

/// Prints what it costs to read the expression and to find some `count` times from the start of 2026 on: one after the
/// other, and each by itself, as the scheduler does. Behind 2055 it begins again.
func measureCron(_ text: String, zone name: String, _ count: Int) throws {
    let zone = name == "UTC" ? Zone.utc : try Zone(name: name, tzif: contents(of: "/usr/share/zoneinfo/\(name)"))
    let (start, end) = (try Instant(text: "2026-01-01T00:00:00Z"), try Instant(text: "2056-01-01T00:00:00Z"))
    var (reading, walking, single) = (Meter(), Meter(), Meter())
    var schedule = Schedule.manual
    try reading.measure { for _ in 0..<1_000 { schedule = try Schedule(text: text) } }
    // Their sum is compared, so that none can be left out.
    var (walked, summed, sum) = (0, 0, Int64(0))
    walking.measure {
        while walked < count {
            for occurrence in schedule.occurrences(after: start, in: zone, anchor: .epoch) {
                guard occurrence.due < end, walked < count else { break }
                sum &+= occurrence.due.microseconds
                walked += 1
            }
        }
    }
    single.measure {
        var time = start
        while summed < count, let next = schedule.next(after: time, in: zone, anchor: .epoch) {
            if next.due >= end {
                time = start
            } else {
                time = next.due
                sum &-= time.microseconds
                summed += 1
            }
        }
    }
    precondition(sum == 0 && walked == summed, "both ways find the same")
    say("{\"count\":\(count),\(walking.json("walk")),\(single.json("single")),\(reading.json("read1000"))}")
}

private func contents(of path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rbe") else { throw MissingFile(path: path) }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
}

private struct MissingFile: Error { let path: String }
