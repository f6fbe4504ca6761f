/// Which boot of which machine: the kernel's random boot id. Boot-clock times compare only within one.
public struct BootID: Hashable, Sendable, CustomStringConvertible {
    /// The kernel's text: a UUID in lower case, 36 characters.
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { text }
}

/// One reading of both clocks, taken together and passed to whatever needs to know the time.
public struct Now: Hashable, Sendable {
    public var wall: Instant
    public var boot: BootInstant
    public var bootID: BootID
    /// How long the machine has slept in this boot: what the boot clock counts and the monotonic clock does not.
    public var slept: Duration

    public init(wall: Instant, boot: BootInstant, bootID: BootID, slept: Duration = .zero) {
        self.wall = wall
        self.boot = boot
        self.bootID = bootID
        self.slept = slept
    }
}
