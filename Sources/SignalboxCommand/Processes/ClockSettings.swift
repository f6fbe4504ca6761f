import ArgumentParser
import SignalboxRuntime

/// The options that `scheduler` and `up` share.
struct ClockSettings: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long calendar jobs wait for a machine's clock that nobody has set yet; 0s: not at all (default: 2m).",
            valueName: "duration"),
        transform: Parse.duration)
    var clockMaxWait: Duration?

    var options: SchedulerOptions {
        SchedulerOptions(clockMaxWait: clockMaxWait ?? SchedulerOptions.standardClockWait)
    }
}
