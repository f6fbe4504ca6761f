// A process that does the same some sixty things to a store each time, and says after each that it is done: what
// EveryFaultTests lets disks fail under. Time, boot and store have fixed names, so that after each step the store holds
// the same bytes in every run, whatever happened on the way.
//
//   faultscript --store DIR                       says which state the store is in before each step and at the end
//   faultscript --store DIR --states FILE         goes on behind the state that the store is in, of those in FILE
//   faultscript … --early                         says that a step is done before it is: a fault for tests of the tests
//
// Standard output: `at STEP` (where it began, with --states), `state STEP DIGEST`, `done STEP`, `refused STEP` (there was
// no room, and it is tried once more). The end is as that of `signalbox`: a line on standard error, and 74 or 75.
import Glibc
import LMDBEngine
import OrderedStore
import SignalboxCore
import SignalboxStore

typealias Store = JobStore<Environment>

@main
struct FaultScript {
    private let path: String
    /// What the digests of the store were after each step; empty: this is the run that tells them.
    private let states: [String]
    private let isEarly: Bool

    static func main() {
        signal(SIGXFSZ, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        func value(_ name: String) -> String? {
            arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
        }
        do {
            guard let path = value("--store") else { throw Complaint("--store is missing") }
            let states = try value("--states").map { try lines(of: $0) } ?? []
            try FaultScript(path: path, states: states, isEarly: arguments.contains("--early")).run()
        } catch {
            let isLackOfRoom = (error as? any RoomError)?.isLackOfRoom ?? false
            write("faultscript: \(error)", to: STDERR_FILENO)
            exit(isLackOfRoom ? 75 : 74)
        }
    }

    private func run() throws {
        let store = try whereRoom(0) { try open() }
        var state = try digest(of: store)
        var step = 0
        if !states.isEmpty {
            guard let found = states.lastIndex(of: state) else { throw Complaint("the store is in no known state") }
            step = found
            say("at \(step)")
        }
        while step < Step.all.count {
            if states.isEmpty { say("state \(step) \(state)") }
            step += 1
            if isEarly { say("done \(step)") }
            let now = Step.time(step)
            try whereRoom(step) { try Step.all[step - 1].body(store, now) }
            if !isEarly { say("done \(step)") }
            if states.isEmpty { state = try digest(of: store) }
        }
        say("state \(step) \(try digest(of: store))")
        for fault in try store.verify().faults { throw Complaint("verify: \(fault)") }
    }

    /// Tries once more where there was no room: a disk whose error has passed must not have left anything behind.
    private func whereRoom<Result>(_ step: Int, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as any RoomError where error.isLackOfRoom {
            say("refused \(step)")
            return try body()
        }
    }

    private func open() throws -> Store {
        try Environment.create(at: path, buckets: Buckets.all) { transaction in
            try Store.initialise(&transaction, storeID: String(repeating: "0123456789abcdef", count: 2))
        }
        let engine = try Environment.open(at: path, buckets: Buckets.all, access: .readWrite)
        return try Store(
            engine: engine, live: nil,
            follow: { transaction, settings in
                transaction.relax(settings.durability == .relaxed)
            })
    }

    /// All that the store holds, in one number.
    private func digest(of store: Store) throws -> String {
        let sum = try store.engine.read { transaction in
            var sum: UInt64 = 0xcbf2_9ce4_8422_2325
            for bucket in Buckets.all {
                sum = (sum ^ UInt64(bucket.index)) &* 0x100_0000_01b3
                try transaction.scan(bucket, .all, .ascending) { key, value in
                    add(key, to: &sum)
                    add(value, to: &sum)
                    return .next
                }
            }
            return sum
        }
        return String(sum, radix: 16)
    }

    /// FNV-1a, eight bytes at a time.
    private func add(_ bytes: Span<UInt8>, to sum: inout UInt64) {
        bytes.withUnsafeBufferPointer { bytes in
            let bytes = UnsafeRawBufferPointer(bytes)
            sum = (sum ^ UInt64(bytes.count)) &* 0x100_0000_01b3
            let words = bytes.count / 8
            for word in 0..<words {
                sum = (sum ^ bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)) &* 0x100_0000_01b3
                // The highest bits of a word would else reach nothing but the highest of the sum.
                sum ^= sum >> 32
            }
            for byte in bytes[(words * 8)...] { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
    }
}

private struct Complaint: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// At once, for the next step may be the last.
private func say(_ line: String) { write(line, to: STDOUT_FILENO) }

private func write(_ line: String, to descriptor: Int32) {
    let bytes = Array("\(line)\n".utf8)
    _ = Glibc.write(descriptor, bytes, bytes.count)
}

private func lines(of path: String) throws -> [String] {
    guard let file = fopen(path, "r") else { throw Complaint("\(path): \(String(cString: strerror(errno)))") }
    defer { fclose(file) }
    var (lines, line, size): ([String], UnsafeMutablePointer<CChar>?, Int) = ([], nil, 0)
    while getline(&line, &size, file) > 0 {
        if let line { lines.append(String(String(cString: line).dropLast())) }
    }
    free(line)
    return lines
}
