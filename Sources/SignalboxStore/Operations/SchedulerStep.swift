/// What a scheduler does next.
public enum SchedulerStep: Hashable, Sendable {
    /// ``JobStore/fire(now:zones:except:)``
    case fire
    /// ``JobStore/rewind(zones:unreadable:now:)``
    case rewind
    /// ``JobStore/promote(now:)``
    case promote
}

extension SchedulerView {
    /// What the next transaction is for; nil when there is nothing to do but sleep. What became of the clock comes before
    /// what is due by it: a job that is always due delays it for none.
    public var step: SchedulerStep? {
        if clockHasMoved { return .fire }
        if mustRewind { return .rewind }
        if hasDueJobs { return .fire }
        return hasDueDispatches ? .promote : nil
    }
}
