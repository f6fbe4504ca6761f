// One file of a disk that may lose its power: what is surely on it, and what has been written and not been waited for.
// A sector of 512 bytes is old or new, and nothing in between; which of the new ones arrived, nobody knows.
import Glibc

/// The bytes of one file: what a cut leaves for sure, and the state that is being looked at.
final class DiskFile {
    static let sectorSize = 512

    /// What may have arrived, in the order it was written.
    private(set) var pending: [PendingChange] = []
    private(set) var sureSize = 0
    private let sure: UnsafeMutableRawPointer
    private var sureVersions: [Int32]

    /// The state: the sure bytes, and over them what is taken to have arrived.
    let bytes: UnsafeMutableRawPointer
    private(set) var size = 0
    /// By which event each sector was written last, -1: by none.
    private(set) var versions: [Int32]
    /// Where the state is not as the sure bytes are.
    private var laid: [Range<Int>] = []
    /// Where a copy that showed the state before is out of date.
    private var stale: [Range<Int>] = []

    struct PendingChange {
        let serial: Int
        let offset: Int
        /// Nil: only the size changes.
        let bytes: UnsafeRawBufferPointer?
        /// How long the file is when this has happened.
        let size: Int

        var end: Int { offset + (bytes?.count ?? 0) }

        /// The sectors that it touches.
        var sectors: Range<Int> {
            guard bytes != nil else { return 0..<0 }
            return offset / sectorSize..<(end + sectorSize - 1) / sectorSize
        }
    }

    /// - Parameter extent: the greatest size that it will have.
    init(extent: Int) {
        let sectors = (extent + Self.sectorSize - 1) / Self.sectorSize
        let capacity = max(1, sectors * Self.sectorSize)
        guard let sure = calloc(1, capacity), let bytes = calloc(1, capacity) else { fatalError("no memory") }
        (self.sure, self.bytes) = (sure, bytes)
        sureVersions = Array(repeating: -1, count: sectors)
        versions = sureVersions
    }

    deinit {
        free(sure)
        free(bytes)
    }

    private var presentSize: Int { pending.last?.size ?? sureSize }

    func begin(write bytes: UnsafeRawBufferPointer, at offset: Int, _ serial: Int) {
        let size = max(presentSize, offset + bytes.count)
        pending.append(PendingChange(serial: serial, offset: offset, bytes: bytes, size: size))
    }

    func begin(size: Int, _ serial: Int) {
        pending.append(PendingChange(serial: serial, offset: size, bytes: nil, size: size))
    }

    /// What was written before the event `serial` is on the disk.
    func settle(before serial: Int) {
        let count = pending.prefix { $0.serial < serial }.count
        for change in pending[..<count] { settle(change) }
        pending.removeFirst(count)
    }

    /// The oldest changes but `count` are on the disk: the kernel does not keep them for ever.
    func settle(allBut count: Int) {
        guard pending.count > count else { return }
        for change in pending[..<(pending.count - count)] { settle(change) }
        pending.removeFirst(pending.count - count)
    }

    /// The newest change, and what else was written into its sectors, is on the disk, and how long the file is.
    func settleNewest() {
        guard let newest = pending.popLast() else { return }
        for sector in newest.sectors {
            for change in pending + [newest] { settle(change, sector) }
        }
        sureSize = max(sureSize, newest.size)
    }

    private func settle(_ change: PendingChange) {
        for sector in change.sectors { settle(change, sector) }
        if change.bytes == nil, change.size < sureSize { memset(sure + change.size, 0, sureSize - change.size) }
        sureSize = change.size
    }

    private func settle(_ change: PendingChange, _ sector: Int) {
        guard sureVersions[sector] < change.serial, let range = change.copy(sector, to: sure) else { return }
        memcpy(bytes + range.lowerBound, sure + range.lowerBound, range.count)
        sureVersions[sector] = Int32(change.serial)
        versions[sector] = Int32(change.serial)
        Self.add(range, to: &stale)
    }

    // MARK: States

    /// Lays over the sure bytes each sector of each pending change that `arrives`, given the change's place among them.
    /// - Parameter size: how long the file is.
    func lay(size: Int, _ arrives: (_ change: Int, _ sector: Int) -> Bool) {
        if size > self.size { Self.add(self.size..<size, to: &stale) }
        self.size = size
        for (place, change) in pending.enumerated() {
            for sector in change.sectors where arrives(place, sector) { lay(place, sector) }
        }
    }

    /// The sector as it was in memory when the change was made: with what was written into it before.
    private func lay(_ place: Int, _ sector: Int) {
        let change = pending[place]
        guard versions[sector] < change.serial else { return }
        if !change.fills(sector) {
            for earlier in pending[..<place] where earlier.sectors.contains(sector) { lay(earlier, sector) }
        }
        lay(change, sector)
    }

    private func lay(_ change: PendingChange, _ sector: Int) {
        guard versions[sector] < change.serial, let range = change.copy(sector, to: bytes) else { return }
        versions[sector] = Int32(change.serial)
        Self.add(range, to: &laid)
    }

    /// Back to the sure bytes.
    func lift() {
        for range in laid {
            memcpy(bytes + range.lowerBound, sure + range.lowerBound, range.count)
            for sector in range.lowerBound / Self.sectorSize...(range.upperBound - 1) / Self.sectorSize {
                versions[sector] = sureVersions[sector]
            }
        }
        stale += laid
        laid = []
    }

    /// Makes the file `descriptor`, which showed an earlier state, show this one.
    func show(in descriptor: Int32, entirely: Bool = false) throws {
        var failed = ftruncate(descriptor, off_t(size)) != 0
        for range in entirely ? [0..<size] : stale + laid {
            let part = range.clamped(to: 0..<size)
            guard !part.isEmpty else { continue }
            let written = pwrite(descriptor, bytes + part.lowerBound, part.count, off_t(part.lowerBound))
            failed = failed || written != part.count
        }
        if failed { throw TestFailure("a state could not be written: \(errnoText())") }
        // A copy of all of it is another file, which nobody keeps up to date.
        if !entirely { stale = [] }
    }

    private static func add(_ range: Range<Int>, to list: inout [Range<Int>]) {
        if let last = list.last, last.upperBound == range.lowerBound {
            list[list.count - 1] = last.lowerBound..<range.upperBound
        } else {
            list.append(range)
        }
    }
}

extension DiskFile.PendingChange {
    fileprivate func fills(_ sector: Int) -> Bool {
        offset <= sector * DiskFile.sectorSize && end >= (sector + 1) * DiskFile.sectorSize
    }

    /// Copies what it writes into a sector to its place in `target`.
    fileprivate func copy(_ sector: Int, to target: UnsafeMutableRawPointer) -> Range<Int>? {
        guard let source = bytes?.baseAddress else { return nil }
        let start = max(offset, sector * DiskFile.sectorSize)
        let end = min(end, (sector + 1) * DiskFile.sectorSize)
        guard start < end else { return nil }
        let range = start..<end
        memcpy(target + range.lowerBound, source + (range.lowerBound - offset), range.count)
        return range
    }
}
