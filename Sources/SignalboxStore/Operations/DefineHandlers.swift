internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// Every handler that any worker can start, in the order of names.
    public func handlers() throws -> [HandlerDefinition] { try engine.read { try $0.handlers() } }

    /// How a worker shows what it takes; one that is counted dead stays as it is.
    public func setKinds(_ kinds: ServedKinds, of worker: WorkerID, now: Now) throws {
        try write(now) { writer in
            guard var registration = try writer.transaction.workerRegistration(worker) else {
                throw StoreError.noWorker(worker)
            }
            guard registration.state.isActive, registration.kinds != kinds else { return }
            registration.kinds = kinds
            try writer.put(registration, .worker(worker), in: Buckets.workers)
            writer.notify([.workers, .anyChange])
        }
    }
}

/// One handler of a plan: what it is to be, and what that changes.
struct HandlerStep {
    let name: HandlerName
    /// Nil where it is removed.
    let after: HandlerDefinition?
    let change: JobChange
}

extension ReadTransaction where Self: ~Copyable {
    /// What has to be done for the handlers to be what `definitions` say; with `prune`, for there to be no others.
    func plan(handlers definitions: [HandlerDefinition], prune: Bool) throws -> [HandlerStep] {
        let known = Dictionary(uniqueKeysWithValues: try handlers().map { ($0.name, $0) })
        let names = definitions.map(\.name)
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw StoreError(
                .invalid, "the handler \(quoted(twice.text)) is defined twice: give each a name of its own")
        }
        let steps = definitions.map {
            HandlerStep(name: $0.name, after: $0, change: JobChange(from: known[$0.name], to: $0))
        }
        guard prune else { return steps }
        return steps
            + known.values.filter { !names.contains($0.name) }.sorted { $0.name < $1.name }.map {
                HandlerStep(name: $0.name, after: nil, change: JobChange(from: $0, to: nil))
            }
    }
}

extension JobWriter where Transaction: ~Copyable {
    mutating func carryOut(_ step: HandlerStep) throws {
        switch step.change.change {
        case .unchanged: return
        case .removed: try delete(.name(step.name.text), in: Buckets.handlers)
        case .added, .changed:
            guard let definition = step.after else { return }
            let request = Request(command: definition.command, environment: definition.environment)
            try request.checkSize()
            try admit(request)
            try put(definition, .name(step.name.text), in: Buckets.handlers)
        }
        try put(Counter(value: sequence), HandlersChange.key, in: Buckets.meta)
        notify([.schedule, .anyChange])
    }
}
