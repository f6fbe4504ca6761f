public import OrderedStore

/// The buckets of the durable store. The article <doc:Layout> draws their keys and values.
public enum Buckets {
    /// Name → the store's own facts (``StoreHeader``, ``StoreState``, ``StoreSettings``, ``BootRecord``, `StoreClock`).
    static let meta = Bucket(0, "meta")
    /// Job name → its definition.
    static let jobs = Bucket(1, "jobs")
    /// Job name → how far its schedule has been dealt with.
    static let jobProgress = Bucket(2, "job.progress")
    /// Clock, due time, job name → nothing. One entry for each job that falls due by the clock and is not done for good.
    static let jobDue = Bucket(3, "job.due")
    /// Dispatch → the part that changes.
    static let dispatches = Bucket(4, "dispatches")
    /// Dispatch → the part that never does.
    static let requests = Bucket(5, "requests")
    /// Dispatch, attempt → how that start ended.
    static let attempts = Bucket(6, "attempts")
    /// Dispatch, attempt, chunk → lines of output.
    static let outputs = Bucket(7, "outputs")
    /// Queue, handler (empty for a command), priority, due time, dispatch → nothing. The PENDING ones; of each handler
    /// and of the commands in the order they are claimed.
    static let ready = Bucket(8, "dispatch.ready")
    /// Clock, due time, dispatch → nothing. The SCHEDULED ones.
    static let scheduled = Bucket(9, "dispatch.scheduled")
    /// Blocker, dispatch → nothing. The BLOCKED ones.
    static let blocked = Bucket(10, "dispatch.blocked")
    /// Worker, dispatch → nothing. The ones IN_PROGRESS.
    static let running = Bucket(11, "dispatch.running")
    /// State, dispatch → nothing. All of them, for lists.
    static let byState = Bucket(12, "dispatch.by-state")
    /// Job, dispatch → nothing. All that are of a job.
    static let byJob = Bucket(13, "dispatch.by-job")
    /// Unique key → the dispatch that holds it, and until when.
    static let unique = Bucket(14, "unique")
    /// Job, revision, clock epoch, nominal due time → the dispatch made for it, or that took it in.
    static let occurrences = Bucket(15, "occurrences")
    /// Worker → its registration.
    static let workers = Bucket(16, "workers")
    /// Sequence → the transitions of one transaction.
    static let events = Bucket(17, "events")
    /// Queue or job, state → how many dispatches.
    static let counters = Bucket(18, "counters")
    /// Job, dispatch → nothing. Those of a job that are not terminal, for its overlap policy: a long run must not make
    /// every due time read the records of all that met it.
    static let active = Bucket(19, "dispatch.active")
    /// Hour, job or the whole store → what became of the runs that ended in it.
    static let history = Bucket(20, "history")
    /// Queue → its pause and its rate, where it has one.
    static let queues = Bucket(21, "queues")
    /// Kind, concurrency or rate key → how much of the limit is used; and when the rate keys open for those that wait.
    static let limits = Bucket(22, "limits")
    /// Kind, concurrency or rate key, and the key of `dispatch.ready` → nothing. Those that met a limit.
    static let held = Bucket(23, "dispatch.held")
    /// End of its window in steady time, unique key → nothing. Those that are held for a window, so that the ones whose
    /// window has passed are found.
    static let uniqueEnds = Bucket(24, "unique.ends")
    /// Dispatch, one that was made again of it, or of one made of it → nothing. The newest stands in for all others.
    static let standIns = Bucket(25, "dispatch.stand-in")
    /// Handler → its definition.
    static let handlers = Bucket(26, "handlers")
    /// Job or the whole store → what became of all its runs since the store was made.
    static let totals = Bucket(27, "totals")

    /// Queue or job, state, time of its end, dispatch → nothing. Those that have ended and that retention counts, oldest
    /// first: of a job, or enqueued by itself in a queue.
    static let ended = Bucket(28, "dispatch.ended")
    /// Dispatch, one that waits and comes after it → nothing. What waits for one that was made again is here under the
    /// first of those, too. None of them, nor what stands in for them, is pruned.
    static let awaited = Bucket(29, "dispatch.awaited")
    /// Dispatch, revision, clock epoch, nominal due time → nothing. The keys of ``occurrences`` that name it.
    static let dueTimes = Bucket(30, "dispatch.due-times")

    public static let all = [
        meta, jobs, jobProgress, jobDue, dispatches, requests, attempts, outputs, ready, scheduled, blocked, running,
        byState, byJob, unique, occurrences, workers, events, counters, active, history, queues, limits, held,
        uniqueEnds, standIns, handlers, totals, ended, awaited, dueTimes,
    ]

    /// Those that no others can make up for: what a dump holds. Parts of them are counts that can be worked out: of
    /// ``limits`` how many run with a concurrency key, and when a rate key opens (``Key/openings``); of the store's state
    /// how many dispatches are in each state, and the bytes of the events.
    public static let sources = [
        meta, jobs, jobProgress, dispatches, requests, attempts, outputs, unique, occurrences, workers, events, history,
        queues, limits, handlers, totals,
    ]

    /// Indexes and counters: what they hold can be worked out from the others, and is when a store is rebuilt.
    public static let derived = [
        jobDue, ready, scheduled, blocked, running, byState, byJob, counters, active, held, uniqueEnds, standIns,
        ended, awaited, dueTimes,
    ]
}

/// The buckets of the live environment, which belongs to one boot.
public enum LiveBuckets {
    /// Worker → its newest heartbeat.
    static let heartbeats = Bucket(0, "heartbeats")
    /// Dispatch → what its command last said of its progress.
    static let progress = Bucket(1, "progress")
    /// Dispatch → the process that runs it.
    static let runs = Bucket(2, "runs")
    /// Dispatch, attempt, chunk → lines of output so far.
    static let output = Bucket(3, "output")

    public static let all = [heartbeats, progress, runs, output]
}
