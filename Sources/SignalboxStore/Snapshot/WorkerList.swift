/// The workers that the store knows: there are never many, for those long gone are forgotten.
public struct WorkerList: Sendable {
    /// Online and draining first, then the newest of the others.
    public var workers: [WorkerView]
    public var stamp: StoreStamp

    public init(workers: [WorkerView], stamp: StoreStamp) {
        self.workers = workers
        self.stamp = stamp
    }
}
