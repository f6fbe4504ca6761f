internal import SignalboxCore

/// How far the counters move in a transaction. The few subjects that most transactions have are found by a look at each,
/// which is quicker than a hash; a thousand jobs that fall due at once by their hashes.
struct CounterTable {
    private(set) var entries: [CounterSteps] = []
    /// Where each subject is, once there are more than ``few``.
    private var indexes: [CounterSubject: Int] = [:]

    private static let few = 8

    /// Counts a dispatch in another state than before; nil: it is new.
    mutating func count(_ subject: CounterSubject, from before: DispatchState?, to state: DispatchState) {
        let index = index(of: subject)
        if let before { entries[index].steps[Int(before.rawValue)] -= 1 }
        entries[index].steps[Int(state.rawValue)] += 1
    }

    /// Counts `step` more of the dispatches in `state`.
    mutating func count(_ subject: CounterSubject, _ state: DispatchState, by step: Int) {
        entries[index(of: subject)].steps[Int(state.rawValue)] += step
    }

    private mutating func index(of subject: CounterSubject) -> Int {
        if let found = entries.count <= Self.few ? position(of: subject) : indexes[subject] { return found }
        entries.append(CounterSteps(subject: subject))
        if entries.count == Self.few + 1 {
            for (index, entry) in entries.enumerated() { indexes[entry.subject] = index }
        } else if entries.count > Self.few {
            indexes[subject] = entries.count - 1
        }
        return entries.count - 1
    }

    private func position(of subject: CounterSubject) -> Int? {
        var index = 0
        while index < entries.count {
            if entries[index].subject == subject { return index }
            index += 1
        }
        return nil
    }
}

/// How far the counters of one subject move, by the state's raw value.
struct CounterSteps {
    let subject: CounterSubject
    var steps = InlineArray<8, Int>(repeating: 0)
}
