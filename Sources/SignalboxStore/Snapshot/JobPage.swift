internal import OrderedStore
public import SignalboxCore

/// Which jobs a list shows: in the order of their names, at most `limit`.
public struct JobFilter: Hashable, Sendable {
    /// Only jobs behind this one in the order of names: the way to the next page.
    public var after: JobName?
    /// Only jobs in front of this one, the last of them: the way to the previous page. Not together with `after`.
    public var before: JobName?
    public var limit: Int

    public init(after: JobName? = nil, before: JobName? = nil, limit: Int = 100) {
        self.after = after
        self.before = before
        self.limit = limit
    }
}

/// A part of the list of jobs, and where it goes on.
public struct JobPage: Sendable {
    public var jobs: [JobView]
    /// The rest are those after this one; nil when there are none.
    public var next: JobName?
    /// Those in front are those before this one; nil when there are none.
    public var previous: JobName?
    public var stamp: StoreStamp

    public init(jobs: [JobView], next: JobName? = nil, previous: JobName? = nil, stamp: StoreStamp) {
        self.jobs = jobs
        self.next = next
        self.previous = previous
        self.stamp = stamp
    }
}

extension JobStore {
    /// A part of the list of jobs, each with so many of its newest dispatches.
    /// - Parameter now: when it is shown; nil: times are shown by the wall clock as it was last written down.
    public func page(of filter: JobFilter, recent: Int, now: Now? = nil) throws -> JobPage {
        try engine.read { transaction in
            var names = try transaction.jobNames(filter)
            let goesOn = names.count > filter.limit
            names = Array(names.prefix(max(0, filter.limit)))
            if filter.before != nil { names.reverse() }
            let jobs = try names.compactMap { try transaction.job($0) }
            let isBackwards = filter.before != nil
            return JobPage(
                jobs: try jobs.map { try transaction.view(of: $0, recent: recent, now) },
                next: isBackwards || goesOn ? names.last : nil,
                previous: filter.after != nil || isBackwards && goesOn ? names.first : nil,
                stamp: try transaction.stamp())
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// One more than asked for, to tell whether there are more; backwards when they are to be in front of a job.
    fileprivate func jobNames(_ filter: JobFilter) throws -> [JobName] {
        var range = KeyRange.all
        // The first key that could stand behind its own.
        if let after = filter.after { range.lower = Key.name(after.text).bytes + [0] }
        if let before = filter.before { range.upper = Key.name(before.text).bytes }
        let keys = try keys(
            Buckets.jobs, range, filter.before == nil ? .ascending : .descending, limit: max(0, filter.limit) + 1)
        return try keys.map { key in
            var reader = KeyReader(key)
            guard let text = reader.text(), let name = try? JobName(text) else {
                throw StoreError(.damaged, "the key \(hexadecimal(key)) in jobs names no job")
            }
            return name
        }
    }
}
