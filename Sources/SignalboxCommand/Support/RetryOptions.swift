import ArgumentParser
import SignalboxCore

/// How long to wait before another attempt, and until when there is one.
struct RetryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The waits before further attempts: exponential:15s[,LONGEST], fixed:10s, linear:30s[,LONGEST], \
            list:10s,1m,10m (default: 15s, doubled each time, up to 1h).
            """, valueName: "waits"),
        transform: Parse.retry)
    var retry: RetryPolicy?

    @Option(
        help: ArgumentHelp(
            "No attempt begins later than so long after the first (default: at any time).", valueName: "duration"),
        transform: Parse.window)
    var retryFor: Duration?

    var isEmpty: Bool { retry == nil && retryFor == nil }

    var policy: RetryPolicy {
        var policy = retry ?? RetryPolicy()
        policy.limit = retryFor
        return policy
    }
}
