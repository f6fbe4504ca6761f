internal import OrderedStore
internal import SignalboxCore

/// What is counted of all dispatches: how many are in each state, of the whole store, of each queue and of each job.
struct Census {
    /// By the state's raw value, as the store's state keeps them.
    private(set) var totals = [UInt64](repeating: 0, count: DispatchState.allCases.count)
    private var subjects = CounterTable()

    mutating func count(_ record: DispatchRecord) {
        let dispatch = record.dispatch
        let state = dispatch.state
        totals[Int(state.rawValue)] += 1
        subjects.count(.queue(dispatch.queue), state, by: 1)
        if let job = dispatch.job { subjects.count(.job(job), state, by: 1) }
        if record.isCountedAsEnded { subjects.count(KeptSubject(dispatch).counter, state, by: 1) }
    }

    /// The counters that there must be, by their keys; none is zero.
    var counters: [[UInt8]: UInt64] {
        var counters: [[UInt8]: UInt64] = [:]
        for entry in subjects.entries {
            for state in DispatchState.allCases where entry.steps[Int(state.rawValue)] > 0 {
                counters[Key.counter(entry.subject, state).bytes] = UInt64(entry.steps[Int(state.rawValue)])
            }
        }
        return counters
    }
}
