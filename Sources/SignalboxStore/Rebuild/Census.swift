internal import OrderedStore
internal import SignalboxCore

/// What is counted of all dispatches: how many are in each state, of the whole store, of each queue and of each job.
struct Census {
    /// By the state's raw value, as the store's state keeps them.
    private(set) var totals = [UInt64](repeating: 0, count: DispatchState.allCases.count)
    private var subjects: [CounterSubject: [UInt64]] = [:]

    mutating func count(_ record: DispatchRecord) {
        let dispatch = record.dispatch
        let state = Int(dispatch.state.rawValue)
        totals[state] += 1
        count(.queue(dispatch.queue), state)
        if let job = dispatch.job { count(.job(job), state) }
        if record.isCountedAsEnded { count(KeptSubject(dispatch).counter, state) }
    }

    private mutating func count(_ subject: CounterSubject, _ state: Int) {
        subjects[subject, default: [UInt64](repeating: 0, count: DispatchState.allCases.count)][state] += 1
    }

    /// The counters that there must be, by their keys; none is zero.
    var counters: [[UInt8]: UInt64] {
        var counters: [[UInt8]: UInt64] = [:]
        for (subject, counts) in subjects {
            for state in DispatchState.allCases where counts[Int(state.rawValue)] > 0 {
                counters[Key.counter(subject, state).bytes] = counts[Int(state.rawValue)]
            }
        }
        return counters
    }
}
