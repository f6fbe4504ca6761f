import SignalboxCore
import Testing

@testable import SignalboxStore

@Suite struct `The counters of a transaction` {
    @Test(arguments: [1, 8, 9, 10, 40])
    func `are the same for few subjects and for many`(subjects: Int) throws {
        let names = try (0..<subjects).map { CounterSubject.job(try JobName("job-\($0)")) }
        var table = CounterTable()
        var model: [CounterSubject: [Int]] = [:]
        for step in 0..<(subjects * 5) {
            let subject = names[step * 7 % subjects]
            let (before, after) = (step % 3 == 0 ? nil : DispatchState.pending, DispatchState.allCases[step % 8])
            table.count(subject, from: before, to: after)
            var steps = model[subject] ?? [Int](repeating: 0, count: 8)
            if let before { steps[Int(before.rawValue)] -= 1 }
            steps[Int(after.rawValue)] += 1
            model[subject] = steps
        }
        #expect(table.entries.count == model.count, "each subject is there once")
        for entry in table.entries {
            let steps = entry.steps.indices.map { entry.steps[$0] }
            #expect(steps == model[entry.subject], "\(entry.subject)")
        }
    }
}
