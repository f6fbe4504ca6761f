internal import OrderedStore
internal import SignalboxCore

// Which record stands for a due time: the answer to "what became of that one?".

extension ReadTransaction where Self: ~Copyable {
    /// The newest dispatch of `job` that stands for a due time in `times`, by itself or together with others, and that
    /// `condition` accepts; nil when there is none, or it is no longer kept.
    func dispatch(
        of job: JobName, standingFor times: ClosedRange<Instant>, where condition: (Dispatch) -> Bool = { _ in true }
    ) throws -> Dispatch? {
        var found: Dispatch?
        try scan(Buckets.byJob, KeyRange(prefix: Key().with(job.text).bytes), .descending) { key, _ in
            let id = try dispatchID(atEndOf: copied(key), in: Buckets.byJob)
            let dispatch = try indexed(id, by: Buckets.byJob).dispatch
            if let span = dispatch.dueTimes, span.overlaps(times), condition(dispatch) { found = dispatch }
            // A record is made when its time has come, so that older ones are of older times.
            let isTooOld = dispatch.enqueuedAt + clockSlack < times.lowerBound
            return found != nil || isTooOld ? .stop : .next
        }
        return found
    }
}

/// How far the wall clock may have been set back between a due time and its record.
private let clockSlack: Duration = .seconds(86_400)

extension Dispatch {
    /// The due times it stands for, from the first to the last; nil when it was asked for.
    var dueTimes: ClosedRange<Instant>? {
        scheduledFor.map { $0...max($0, lastScheduledFor ?? $0) }
    }
}
