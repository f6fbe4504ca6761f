import Glibc
import SignalboxCore

/// Time on the wall and on the processor (all threads of this process, kernel included), summed over parts of a run.
struct Meter {
    private var wall: Int64 = 0
    private var processor: Int64 = 0

    mutating func measure<Result>(_ body: () throws -> Result) rethrows -> Result {
        wall -= nanoseconds(CLOCK_MONOTONIC)
        processor -= nanoseconds(CLOCK_PROCESS_CPUTIME_ID)
        defer {
            processor += nanoseconds(CLOCK_PROCESS_CPUTIME_ID)
            wall += nanoseconds(CLOCK_MONOTONIC)
        }
        return try body()
    }

    /// `"name":{"wall":…,"cpu":…}`, in nanoseconds.
    func json(_ name: String) -> String { "\"\(name)\":{\"wall\":\(wall),\"cpu\":\(processor)}" }
}

func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// The time as the store wants it.
func present() -> Now {
    Now(
        wall: Instant(microseconds: nanoseconds(CLOCK_REALTIME) / 1_000),
        boot: BootInstant(nanoseconds: nanoseconds(CLOCK_BOOTTIME)), bootID: boot)
}
private let boot = BootID("00000000-0000-0000-0000-000000000000")

/// Bytes this process has handed to write(2) so far.
func bytesWritten() -> Int {
    guard let file = fopen("/proc/self/io", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    while fgets(&line, Int32(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let words = text.split(separator: " ")
        if words.first == "wchar:", words.count == 2 { return Int(words[1].filter(\.isNumber)) ?? 0 }
    }
    return 0
}
