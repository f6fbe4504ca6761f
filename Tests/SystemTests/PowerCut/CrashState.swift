// What of all that may be on a disk after a cut is there in one state. Chosen by a seed and a number, so that a state
// can be made again from the same recording; the choices that have shown faults elsewhere come more often than chance
// would have them.

/// SplitMix64: small, and the same everywhere.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64, number: Int) { state = seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// One state of a disk after a cut.
struct CrashState {
    let number: Int
    /// The power goes while this event of the recording happens, or after the last one.
    let cut: Int
    private var numbers: SeededNumbers

    init(seed: UInt64, number: Int, cuts: [Int]) {
        self.number = number
        var numbers = SeededNumbers(seed: seed, number: number)
        // Each cut has its turn before any has a second one.
        cut = number < cuts.count ? cuts[number] : cuts.randomElement(using: &numbers) ?? 0
        self.numbers = numbers
    }

    /// Which of the changes that nobody waited for have arrived.
    enum Arrival: String, CaseIterable {
        case none, all, onlyTheNewest, allButTheNewest, allButOneSector, oneSector, onlyMetaPages, allButMetaPages
        case someChanges, someSectors, nearlyAllSectors, theOldest
    }

    /// Lays the state over the sure bytes of every file, and says which names there are.
    /// - Returns: the names, and the choices in words.
    mutating func lay(over disk: Disk) -> (names: [RecordedName: Int], words: String) {
        var words: [String] = []
        for (node, file) in disk.files.sorted(by: { $0.key < $1.key }) {
            if let choice = lay(over: file, disk.model) { words.append("file \(node): \(choice)") }
        }
        let (names, arrived) = names(of: disk)
        if !disk.pendingNames.isEmpty { words.append("names: \(arrived) of \(disk.pendingNames.count) changes") }
        return (names, words.joined(separator: ", "))
    }

    private mutating func lay(over file: DiskFile, _ model: DirectoryModel) -> String? {
        let pending = file.pending
        if pending.isEmpty {
            file.lay(size: file.sureSize) { _, _ in false }
            return nil
        }
        let arrival = Arrival.allCases.randomElement(using: &numbers) ?? .none
        var arrives = arrivals(arrival, of: pending)
        let size = self.size(arrival, pending, file.sureSize)
        if model == .ordered {
            // What lengthens the file is there up to its length, and nothing behind it.
            let whole = arrives
            let (end, present) = (size, file.sureSize)
            arrives = { change, sector in
                sector * DiskFile.sectorSize >= present ? pending[change].size <= end : whole(change, sector)
            }
        }
        file.lay(size: size, arrives)
        return "\(arrival.rawValue) of \(pending.count) changes, \(size) bytes"
    }

    private mutating func arrivals(
        _ arrival: Arrival, of pending: [DiskFile.PendingChange]
    ) -> (_ change: Int, _ sector: Int) -> Bool {
        let newest = pending.count - 1
        switch arrival {
        case .none: return { _, _ in false }
        case .all: return { _, _ in true }
        case .onlyTheNewest: return { change, _ in change == newest }
        case .allButTheNewest: return { change, _ in change != newest }
        case .onlyMetaPages: return { change, _ in pending[change].isOfMetaPages }
        case .allButMetaPages: return { change, _ in !pending[change].isOfMetaPages }
        case .allButOneSector, .oneSector:
            let chosen = pending.indices.randomElement(using: &numbers) ?? 0
            let only = pending[chosen].sectors.randomElement(using: &numbers)
            let isIn = arrival == .oneSector
            return { change, sector in (change == chosen && sector == only) == isIn }
        case .someChanges:
            let chosen = pending.map { _ in Bool.random(using: &numbers) }
            return { change, _ in chosen[change] }
        case .theOldest:
            let count = Int.random(in: 0...pending.count, using: &numbers)
            return { change, _ in change < count }
        case .someSectors, .nearlyAllSectors:
            let salt = numbers.next()
            let share: UInt64 = arrival == .someSectors ? 2 : 16
            return { change, sector in
                var chance = SeededNumbers(seed: salt &+ UInt64(change) << 32, number: sector)
                return share == 2 ? chance.next() % 2 == 0 : chance.next() % share != 0
            }
        }
    }

    /// A length that the file had at some moment since the last one that is sure.
    private mutating func size(_ arrival: Arrival, _ pending: [DiskFile.PendingChange], _ sure: Int) -> Int {
        switch arrival {
        case .none: return sure
        case .all, .allButOneSector, .nearlyAllSectors, .onlyTheNewest: return pending.last?.size ?? sure
        default: return ([sure] + pending.map(\.size)).randomElement(using: &numbers) ?? sure
        }
    }

    private mutating func names(of disk: Disk) -> (names: [RecordedName: Int], arrived: Int) {
        var (names, arrived) = (disk.names, 0)
        let last = Int.random(in: 0...disk.pendingNames.count, using: &numbers)
        for (place, pending) in disk.pendingNames.enumerated() {
            let chance = Int.random(in: 0..<5, using: &numbers)
            if disk.model == .ordered ? place < last : chance < 2 {
                pending.change.apply(to: &names)
                arrived += 1
            } else if disk.model == .strict, chance == 2 {
                pending.change.applyRemoval(to: &names)
            }
        }
        return (names, arrived)
    }
}

extension DiskFile.PendingChange {
    /// LMDB's two meta pages are the first of a file.
    fileprivate var isOfMetaPages: Bool { offset < 8192 }
}
