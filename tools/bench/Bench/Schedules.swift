// Many jobs that fall due in the same second, as `@hourly` and `0 0 * * *` make them: how long until all are dispatched,
// and how long the longest transaction keeps other writers waiting.
import Glibc
import SignalboxCore
import SignalboxStore

extension Subject {
    /// Defines `count` jobs, and fires them all, durably.
    func fireTogether(_ count: Int) throws {
        let zones = ZoneTable(machine: .utc)
        let begin = present()
        let hourly = try Schedule(text: "0 * * * *")
        let jobs = try (0..<count).map { number in
            JobDefinition(name: try JobName("job-\(number)"), schedule: hourly, command: .program(["/bin/true"]))
        }
        _ = try store.apply(jobs, prune: false, zones: zones, now: begin)
        let due = Now(
            wall: begin.wall + .seconds(3600), boot: begin.boot + .seconds(3600), bootID: begin.bootID)
        var (meter, longest, passes, dispatched) = (Meter(), Int64(0), 0, 0)
        let bytes = bytesWritten()
        try meter.measure {
            while try store.schedulerView(now: due).hasDueJobs {
                let start = nanoseconds(CLOCK_MONOTONIC)
                dispatched += try store.fire(now: due, zones: zones).dispatched
                longest = max(longest, nanoseconds(CLOCK_MONOTONIC) - start)
                passes += 1
            }
        }
        guard dispatched == count else { throw StoreMismatch(found: dispatched, wanted: count) }
        say(
            "{\"count\":\(count),\"transactions\":\(passes),\"longest_ms\":\(Double(longest) / 1e6),"
                + "\(meter.json("fire")),\"written\":\(bytesWritten() - bytes)}")
    }
}

/// What was measured is not what was to be measured.
struct StoreMismatch: Error {
    let found: Int
    let wanted: Int
}
