import LMDBEngine
public import SignalboxRuntime
public import SignalboxStore

extension Store {
    /// Where it lies, for who has it open for longer than a look.
    /// - Parameter isRunningCommands: whether this process ends commands of its own when it is gone.
    public func place(isRunningCommands: Bool = false) -> StorePlace {
        StorePlace(folder: engine.directory, isRunningCommands: isRunningCommands) { [engine] in
            try engine.isInPlaceAsFarAsKnown()
        }
    }
}
