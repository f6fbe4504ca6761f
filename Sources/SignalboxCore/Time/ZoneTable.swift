/// The zones that an operation needs, read beforehand: rules never open a file.
public struct ZoneTable: Sendable {
    /// The zone of jobs that name none.
    public var machine: Zone
    public var named: [String: Zone]

    public init(machine: Zone, named: [String: Zone] = [:]) {
        self.machine = machine
        self.named = named
    }

    /// The zone called `name`, or the machine's for nil; nil when it was not read.
    public subscript(name: String?) -> Zone? {
        guard let name else { return machine }
        return named[name]
    }
}
