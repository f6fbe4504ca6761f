/// What a scheduler may be told.
public struct SchedulerOptions: Sendable {
    /// The longest that calendar jobs wait after the machine's start for a wall clock that can be trusted; zero: it is
    /// believed at once.
    public var clockMaxWait: Duration
    /// Where the zone files are, and the file of the machine's own zone.
    public var zoneFolder: String
    public var localtime: String
    /// How often to ask, while calendar jobs wait, whether something keeps the clock right now: one that is slewed rings
    /// no alarm.
    var clockLook: Duration = .seconds(5)

    public init(
        clockMaxWait: Duration = SchedulerOptions.standardClockWait, zoneFolder: String = ZoneFiles.standardFolder,
        localtime: String = ZoneFiles.standardLocaltime
    ) {
        self.clockMaxWait = clockMaxWait
        self.zoneFolder = zoneFolder
        self.localtime = localtime
    }

    public static let standardClockWait: Duration = .seconds(120)
}
