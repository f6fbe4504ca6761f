// Why a job did not run at some time, and why it does not run now: the answer as a value, from one snapshot. Every case
// is something that a person can act on; the words are the command's.

public import SignalboxCore

/// What the store knows of a job's runs and of those that did not happen.
public struct WhyReport: Sendable {
    public var job: Job
    public var zone: Zone
    /// About the time that was asked about, or else about the job's newest due time; nil when it has had none.
    public var past: WhyPast?
    /// Why it runs or does not run at this moment; nil when a time was asked about.
    public var present: WhyPresent?
}

/// What became of one time.
public struct WhyPast: Sendable {
    /// Nil when nobody asked about a time: it is about the newest due time.
    public var asked: Instant?
    /// The due time at, or within the minute after, the time asked about; nil when there is none.
    public var occurrence: Occurrence?
    public var verdict: WhyPastVerdict
}

public enum WhyPastVerdict: Sendable {
    /// A dispatch stands for it.
    case dispatch(WhyDispatch)
    /// The schedule names no such time; these are the nearest ones.
    case notDue(before: Occurrence?, after: Occurrence?)
    /// Clocks were set back and showed it twice; the job falls due at the other of the two.
    case otherOfTwo(Occurrence)
    /// Clocks were set forward over it, and the job's rule (`dst=skip`) leaves it out.
    case leftOutInGap(LocalTime)
    /// The schedule is not by the clock: it runs when asked, or once per boot.
    case notByClock
    case notYet
    /// The schedule is in force only since then.
    case beforeSchedule(since: Instant)
    /// The pause covered it, and no scheduler has written that down yet.
    case passedWhilePaused
    /// The job is paused, and no scheduler has looked since the cursor.
    case paused(JobPause)
    case clockHeld(ClockHold)
    /// The time has passed, and nobody has dealt with any since the cursor: no scheduler runs, or not for this job.
    case notLookedAt(since: Instant)
    /// It was dealt with, and its record is no longer kept.
    case noRecord
}

/// What holds at this moment.
public enum WhyPresent: Sendable {
    /// It runs.
    case running(WhyDispatch)
    /// A run of it waits.
    case waiting(WhyDispatch)
    case paused(JobPause)
    case clockHeld(ClockHold)
    /// It is due, and no scheduler has looked since the cursor.
    case notLookedAt(due: Instant, since: Instant)
    case notDue(next: Occurrence)
    /// It runs when somebody asks.
    case manual
    /// It runs once per boot, and has run in this one, or was added in it.
    case bootDone
    /// It runs once per boot, and no scheduler has started since this one began.
    case bootNotLookedAt
    /// Its schedule has no further time.
    case over
}

/// A dispatch, and what it means for the time asked about.
public struct WhyDispatch: Sendable {
    public enum Relation: Sendable, Equatable {
        /// It is the run of this time, or the record of why there was none.
        case itself
        /// It is the record of so many times, none of which ran.
        case oneOf(count: Int, first: Instant, last: Instant)
        /// It waited then, and stands for this time too (overlap `queue-one`).
        case coalesced
    }

    public var view: DispatchView
    public var relation: Relation
    /// The name of the worker that has it, or had it last; nil before the first start.
    public var worker: String?
    /// What it waits for; nil when it runs or has ended.
    public var wait: WhyWait?
    /// The dispatch it waits for, or met when it was skipped; nil when there is none, or it is no longer kept.
    public var blocker: DispatchView?
}

/// What a dispatch waits for.
public enum WhyWait: Sendable, Equatable {
    /// Its time: a delay, or the wait before another attempt.
    case time(Instant)
    /// Another dispatch, the ``WhyDispatch/blocker``.
    case dispatch
    /// No worker serves its queue; so many that do are shutting down.
    case worker(QueueName, draining: Int)
    /// No worker of its queue has its handler; so many that do are shutting down.
    case handler(HandlerName, QueueName, draining: Int)
    /// A free slot: so many others of its queue come first.
    case slot(QueueName, others: Int, running: Int, slots: Int)
    /// A place of its concurrency key: so many run, and no more may.
    case place(key: String, running: Int, max: Int)
    /// Its rate key, which allows the next start then.
    case start(key: String, Rate, opens: Instant?)
    /// Its queue, which is paused.
    case pausedQueue(QueueName, QueuePause)
    /// The rate of its queue, which allows the next start then.
    case queueRate(QueueName, Rate, opens: Instant?)
    /// Nothing: a worker has a free slot, and will take it at once.
    case nothing
}
