// What `verify` compares of queues' settings and of keys with limits: how many run against how many are counted, who
// waits against the lists, and that nobody waits for a place that is free.
//
// `--repair` does not make the record of a rate key anew: which starts count only that says, those of dispatches that were
// pruned among them, and one with fewer starts would allow more than the rate. Nor that of a concurrency key that
// nothing runs with: whoever waits for it would have to be let go, too. `dump --salvage` and `restore` let them all meet
// their limits anew.

internal import OrderedStore
internal import SignalboxCore

/// What the dispatches say of the keys, worked out one after the other.
struct LimitsCheck {
    /// Those IN_PROGRESS, by concurrency key.
    private var running: [String: Places] = [:]

    /// How many run with a key, and what the newest of them says is the maximum.
    struct Places {
        var count: Int
        var max: Int
        var decidedBy: DispatchID

        var record: ConcurrencyRecord { ConcurrencyRecord(running: count, max: max, decidedBy: decidedBy) }
    }
    /// The limits that somebody waits for, by the keys of their records.
    private(set) var lists: Set<[UInt8]> = []

    /// One sentence for each contradiction between a dispatch and its request.
    mutating func add(_ record: DispatchRecord, _ work: Work) -> [String] {
        let dispatch = record.dispatch
        var faults: [String] = []
        if record.isLimited != work.isLimited {
            faults.append("dispatch \(dispatch.id) and its request disagree on whether it has a key with a limit")
        }
        if dispatch.state == .inProgress, let limit = work.concurrency {
            let count = (running[limit.key]?.count ?? 0) + 1
            running[limit.key] = Places(count: count, max: limit.max, decidedBy: dispatch.id)
        }
        guard let kind = dispatch.heldBy else { return faults }
        guard let list = dispatch.heldList(work) else {
            faults.append(
                "dispatch \(dispatch.id) waits for the limit of a \(kind.reason.word ?? "") key that it has not")
            return faults
        }
        lists.insert(list.prefix)
        return faults
    }

    mutating func takeRunning(_ key: String) -> Int { running.removeValue(forKey: key)?.count ?? 0 }
    /// Keys with something IN_PROGRESS that no record was found of.
    var uncounted: [(key: String, places: Places)] {
        running.sorted { $0.key < $1.key }.map { (key: $0.key, places: $0.value) }
    }
}

extension RateWindow {
    var inconsistencies: [String] {
        var faults: [String] = []
        if !Rate.counts.contains(rate.count) || !Rate.periods.contains(rate.per) {
            faults.append("has the rate \(rate.text), which cannot be")
        }
        if starts.count > Rate.counts.upperBound { faults.append("remembers \(starts.count) starts") }
        if zip(starts, starts.dropFirst()).contains(where: >) { faults.append("has starts that are out of order") }
        return faults
    }
}

extension RateRecord {
    /// When those that wait are to be looked at again, if any wait.
    fileprivate var expectedOpening: Instant? {
        starts.last == nil ? nil : window.nextOpening(after: .distantPast)
    }
    fileprivate var starts: [Instant] { window.starts }
    /// The starts that it allows, if all that it remembers count.
    fileprivate var room: Int { max(0, window.rate.count - starts.count) }
}

extension ReadTransaction where Self: ~Copyable {
    func faultsOfQueue(_ key: [UInt8], _ record: QueueRecord) -> [String] {
        var reader = KeyReader(key)
        guard let name = reader.text(), reader.isAtEnd, (try? QueueName(name)) != nil else {
            return ["queues has \(hexadecimal(key)), which is no queue"]
        }
        var faults = (record.window?.inconsistencies ?? []).map { "the queue \(name) \($0)" }
        if record.isEmpty { faults.append("the queue \(name) has a record, and nothing is set for it") }
        return faults
    }

    /// Every record of a limit and every opening, against what the dispatches say; and how many these are.
    func faultsOfLimits(_ limits: inout LimitsCheck) throws -> (faults: [Finding], count: Int) {
        var faults: [Finding] = []
        var lists = limits.lists
        var openings: Set<[UInt8]> = []
        let keys = try keys(Buckets.limits, .all, limit: .max)
        for key in keys {
            lists.remove(key)
            var reader = KeyReader(key)
            do {
                switch reader.byte() {
                case LimitKind.concurrency.rawValue: faults += try faultsOfPlaces(key, &limits)
                case LimitKind.rate.rawValue:
                    let (found, opening) = try faultsOfStarts(key, isWaitedFor: limits.lists.contains(key))
                    faults += found
                    if let opening { openings.insert(opening) }
                // They sort behind all others.
                case Key.openings:
                    if openings.remove(key) == nil {
                        faults.append(
                            Finding(
                                "limits has the opening \(hexadecimal(key)), which is no rate key's",
                                .delete(Buckets.limits, key: key)))
                    }
                default: faults.append(Finding("limits has \(hexadecimal(key)), which is nothing we know"))
                }
            } catch { faults.append(.unreadable(error)) }
        }
        faults += openings.map {
            Finding(
                "limits lacks the opening \(hexadecimal($0)): nobody will wake up for it", .mark(Buckets.limits, $0))
        }
        faults += lists.map { Finding("dispatches wait for the limit \(hexadecimal($0)), which has no record") }
        faults += limits.uncounted.map { key, places in
            Finding(
                "dispatches run with the concurrency key \(quoted(key)), which has no record",
                .keep(places.record, .limit(.concurrency, key), in: Buckets.limits))
        }
        return (faults, keys.count)
    }

    private func faultsOfPlaces(_ key: [UInt8], _ limits: inout LimitsCheck) throws -> [Finding] {
        guard let found = try fetch(ConcurrencyRecord.self, key.span, in: Buckets.limits), let text = limitText(key)
        else { return [Finding("limits has \(hexadecimal(key)), which has another shape")] }
        var sound = found
        sound.running = limits.takeRunning(text)
        var faults: [Finding] = []
        if found != sound {
            faults.append(
                Finding(
                    "\(sound.running) dispatches run with the concurrency key \(quoted(text)), and it counts "
                        + "\(found.running)", .keep(sound, .limit(.concurrency, text), in: Buckets.limits)))
        }
        if sound.running == 0, !limits.lists.contains(key) {
            faults.append(
                Finding(
                    "the concurrency key \(quoted(text)) has a record, and nobody uses it",
                    .delete(Buckets.limits, key: key)))
        }
        for id in try forgotten(in: HeldList(ofLimit: key), room: found.room) {
            faults.append(
                Finding(
                    "dispatch \(id) waits for a place of the concurrency key \(quoted(text)), of which "
                        + "\(found.running) of \(found.max) are taken"))
        }
        return faults
    }

    private func faultsOfStarts(_ key: [UInt8], isWaitedFor: Bool) throws -> (faults: [Finding], opening: [UInt8]?) {
        guard let found = try fetch(RateRecord.self, key.span, in: Buckets.limits), let text = limitText(key) else {
            return ([Finding("limits has \(hexadecimal(key)), which has another shape")], nil)
        }
        var faults = found.window.inconsistencies.map { Finding("the rate key \(quoted(text)) \($0)") }
        let list = HeldList(ofLimit: key)
        var sound = found
        sound.opening = isWaitedFor ? found.expectedOpening : nil
        if found != sound {
            faults.append(
                Finding(
                    "the rate key \(quoted(text)) opens at another time than its starts say",
                    .keep(sound, .limit(.rate, text), in: Buckets.limits)))
        }
        for id in try forgotten(in: list, room: found.room) {
            faults.append(
                Finding(
                    "dispatch \(id) waits for the rate key \(quoted(text)), of which \(found.starts.count) of "
                        + "\(found.window.rate.count) starts count"))
        }
        return (faults, found.openingKey(of: text)?.bytes)
    }

    private func limitText(_ key: [UInt8]) -> String? {
        var reader = KeyReader(key)
        guard reader.byte() != nil, let text = reader.text(), reader.isAtEnd else { return nil }
        return text
    }

    /// Those for whom there is room, and who are BLOCKED all the same.
    private func forgotten(in list: HeldList, room: Int) throws -> [DispatchID] {
        var found: [DispatchID] = []
        var range = KeyRange(prefix: list.prefix)
        while room > 0, let first = try keys(Buckets.held, range, limit: 1).first {
            let lane = HeldList.lane(ofKey: first)
            found += try ids(Buckets.held, lane, limit: room).filter {
                try dispatchRecord($0)?.dispatch.state == .blocked
            }
            guard let next = lane.upper else { break }
            range.lower = next
        }
        return found
    }
}
