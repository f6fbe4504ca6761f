// What the processes of a store tell one another of their writing, in the page of the bell: who holds LMDB's lock and
// since when, when commits were made, and how many there were today. Nobody decides anything by it; it is there for
// `stat`, costs a writer a few stores into memory, and a lost page loses nothing but this.
//
// Layout, in 64-bit words: 32 the process that holds the writer lock, or 0; 33 since when; 34 when the last writer
// began to wait for that lock; 35 a hash of the boot; 40 the day, 41 its commits, 42 the bytes they wrote to disk; 64
// how many samples there have been; from 66 on the last 128 of them, two words each: a transaction and its time. Times
// are nanoseconds of CLOCK_BOOTTIME, days are UTC and count from 1970.

import CLinux
import Glibc

/// The notes in the shared page.
@safe struct Logbook: @unchecked Sendable {
    private let words: UnsafeMutablePointer<UInt64>
    /// This process: asked for once, for a writer notes it twice in every commit.
    private let process = UInt64(getpid())

    private static let (holder, since, waiting, boot) = (32, 33, 34, 35)
    private static let (day, commits, bytes) = (40, 41, 42)
    private static let (sampleCount, firstSample) = (64, 66)
    private static let keptSamples: UInt64 = 128
    /// Commits closer together than this share a sample.
    static let sampleDistance: Duration = .seconds(5)

    init(_ page: UnsafeMutableRawPointer) { unsafe words = page.assumingMemoryBound(to: UInt64.self) }

    private subscript(word: Int) -> UInt64 {
        get { unsafe linux_note_load(words + word) }
        nonmutating set { unsafe linux_note_store(words + word, newValue) }
    }

    /// For who has opened the store, while no other process opens it: what was noted in another boot is over, and what
    /// was noted by others when there are none.
    func forgetOthers(of boot: String, isAlone: Bool) {
        // FNV-1a: it has to come out the same in every process.
        let hash = boot.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        if isAlone || self[Self.boot] != hash { forgetOthers() }
        self[Self.boot] = hash
    }

    func forgetOthers() {
        self[Self.holder] = 0
        self[Self.waiting] = 0
        self[Self.sampleCount] = 0
    }
}

// MARK: - The writer

extension Logbook {
    /// This process holds the writer lock from now on.
    func began(at now: BootTime = .now) {
        self[Self.since] = now.nanoseconds
        self[Self.holder] = process
    }

    /// This process is about to wait for the writer lock. Answers what to tell ``waitEnded(_:)`` when it has it.
    func willWait(at now: BootTime = .now) -> BootTime {
        self[Self.waiting] = now.nanoseconds
        return now
    }

    /// It waits no more, and unless others have begun to wait since, nobody does.
    func waitEnded(_ began: BootTime) {
        _ = unsafe linux_note_exchange(words + Self.waiting, began.nanoseconds, 0)
    }

    /// Whether some writer waits for the writer lock. The last to begin is noted, who as a rule gets it last. One that
    /// was killed meanwhile, or has waited for longer than this second, does not count any more.
    func hasWaitingWriter(at now: BootTime = .now) -> Bool {
        let began = self[Self.waiting]
        return began != 0 && now.since(BootTime(nanoseconds: began)) < .seconds(1)
    }

    /// It has given it back; by now another may have noted itself.
    func ended() { _ = unsafe linux_note_exchange(words + Self.holder, process, 0) }

    /// Who holds the writer lock, as far as it has been noted.
    var writer: (process: Int32, since: BootTime)? {
        guard let process = Int32(exactly: self[Self.holder]), process > 0 else { return nil }
        return (process, BootTime(nanoseconds: self[Self.since]))
    }
}

// MARK: - When commits were made

extension Logbook {
    /// A transaction is about to be committed. Only while its writer holds the lock, so that no two write here at once.
    func willCommit(_ transaction: UInt64, at now: BootTime = .now) {
        let count = self[Self.sampleCount]
        // One that is yet to come is of another boot.
        let newest = count > 0 && sample(count - 1).time.nanoseconds <= now.nanoseconds ? sample(count - 1) : nil
        if let newest, newest.transaction < transaction, now.since(newest.time) < Self.sampleDistance { return }
        // A number that comes again is that of a commit that failed.
        let comesAgain = newest.map { $0.transaction >= transaction } ?? false
        let place = Self.place(comesAgain ? count - 1 : count)
        self[place] = transaction
        self[place + 1] = now.nanoseconds
        if !comesAgain { self[Self.sampleCount] = count + 1 }
    }

    /// For how long at least a snapshot of `transaction` has been older than the newest commit; nil: it may not be.
    func age(ofSnapshot transaction: UInt64, at now: BootTime = .now) -> Duration? {
        let count = self[Self.sampleCount]
        let samples = (count - min(count, Self.keptSamples)..<count).map(sample)
        return samples.first { $0.transaction > transaction }.map { now.since($0.time) }
    }

    private func sample(_ number: UInt64) -> (transaction: UInt64, time: BootTime) {
        let place = Self.place(number)
        return (self[place], BootTime(nanoseconds: self[place + 1]))
    }

    private static func place(_ number: UInt64) -> Int { firstSample + 2 * Int(number % keptSamples) }
}

// MARK: - Today

/// What was written to a store on one day.
public struct DayOfWriting: Hashable, Sendable {
    public let commits: Int
    /// What the commits wrote to the disk, as the kernel counts it; 0 for a file system in memory.
    public let bytes: Int
}

extension Logbook {
    /// A commit was made. Two processes that meet at midnight may lose a commit of the count.
    func committed(bytes: UInt64, on today: UInt64 = Self.today) {
        let noted = self[Self.day]
        if noted != today, unsafe linux_note_exchange(words + Self.day, noted, today) {
            self[Self.commits] = 0
            self[Self.bytes] = 0
        }
        unsafe linux_note_add(words + Self.commits, 1)
        unsafe linux_note_add(words + Self.bytes, bytes)
    }

    func writing(on today: UInt64 = Self.today) -> DayOfWriting {
        guard self[Self.day] == today else { return DayOfWriting(commits: 0, bytes: 0) }
        return DayOfWriting(commits: Int(clamping: self[Self.commits]), bytes: Int(clamping: self[Self.bytes]))
    }

    static var today: UInt64 { UInt64(max(0, time(nil)) / 86_400) }
}

/// A moment of CLOCK_BOOTTIME, which all processes of a boot share.
struct BootTime: Hashable {
    let nanoseconds: UInt64

    static var now: BootTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return BootTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// How long ago `earlier` was; zero when it is not earlier.
    func since(_ earlier: BootTime) -> Duration {
        nanoseconds < earlier.nanoseconds ? .zero : .nanoseconds(nanoseconds - earlier.nanoseconds)
    }
}
