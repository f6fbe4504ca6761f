internal import OrderedStore
public import SignalboxCore

extension JobStore {
    public func settings() throws -> StoreSettings {
        try engine.read { try $0.storeSettings() }
    }

    /// Changes how durable every transaction is, this one included. Each process follows with its next transaction.
    public func setDurability(_ durability: Durability, now: Now) throws {
        try write(now) { writer in
            var settings = try writer.transaction.storeSettings()
            settings.durability = durability
            try writer.put(settings, StoreSettings.key, in: Buckets.meta)
        }
    }
}
