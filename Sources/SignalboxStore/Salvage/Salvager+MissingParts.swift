// Of what a dispatch has left something may be lost that is counted elsewhere: a start between others, a part of what was
// printed. Something stands in its place, so that nothing moves up, and whoever reads it sees that it is lost.

internal import OrderedStore
internal import SignalboxCore

extension ReadTransaction where Self: ~Copyable {
    /// Puts attempts and parts of outputs in the place of those that are lost.
    func settleMissingParts() throws -> Settlement {
        var found = Settlement()
        try eachMissingStart(of: nil) { dispatch, numbers in
            for number in numbers where !found.isFull {
                let attempt = Attempt(lost: number, of: dispatch)
                found.change(attempt, .attempt(dispatch.id, number), Buckets.attempts)
                found.losses.append(("attempts have lost their record", "\(dispatch.id) attempt \(number)"))
            }
        }
        try eachMissingChunk { id, attempt, numbers in
            for number in numbers where !found.isFull {
                let lines = number == numbers.lowerBound ? [OutputLine.lost] : []
                found.change(OutputChunk(lines: lines), .output(id, attempt, number), Buckets.outputs)
                found.losses.append(("parts of outputs are lost", "\(id) attempt \(attempt) part \(number)"))
            }
        }
        return found
    }
}

extension Attempt {
    /// Stands for one of which nothing is known but that it was: by no worker, with the newest times of its dispatch.
    fileprivate init(lost number: Int, of dispatch: Dispatch) {
        let made = Moment(wall: dispatch.enqueuedAt, boot: BootInstant(nanoseconds: 0))
        let started = dispatch.started ?? made
        self.init(
            number: number, worker: WorkerID(0), started: started, finished: dispatch.finished ?? started, outcome: nil,
            reason: .none)
    }
}

extension OutputLine {
    /// Stands where a part of an output is lost.
    fileprivate static let lost = OutputLine(
        stream: .note, offset: .zero, bytes: Array("… a part of the output is lost …\n".utf8))
}
