// Aim: a disk that fails takes nothing that was acknowledged, ends the process that met it with a sentence, and hinders
// nobody after that. Method: a library put before the C library lets one flush or write fail (Faults/faults.c).
import Glibc
import Testing

@Suite(.enabled(if: PreloadedLibrary.compiler != nil, "there is no C compiler"))
struct `A disk that fails once` {
    /// Every flush and write of one command in turn, until the command no longer comes so far.
    @Test(arguments: Fault.all)
    func `ends the command that met it, and loses nothing acknowledged`(_ fault: Fault) async throws {
        try await withBox { box throws in
            let disk = try FaultyDisk(box)
            var acknowledged = [try box.enqueue(shell: "true")]
            for number in 1...100 {
                let finished = try box.run(
                    program: disk.failing(fault, number) + [Box.command, "enqueue", "--", "true"])
                if try disk.hasFailed() {
                    #expect(finished.status == (fault.leavesDoubt ? 74 : 75), "\(finished.ending)")
                    let words = fault.leavesDoubt ? "may not go on with the store" : "Free some space"
                    #expect(finished.errors.contains(words), "\(finished.errors)")
                    #expect(finished.output == "")
                    acknowledged.append(try box.enqueue(shell: "true"))
                } else {
                    acknowledged.append(try box.number(of: finished.output))
                    #expect(number > 1, "\(fault.call) was never called")
                    break
                }
                #expect(try box.json("verify")["ok"] == true)
            }
            let kept = try box.jsonList("dispatches", "--limit", "1000").compactMap { $0["id"].number }
            #expect(Set(acknowledged).isSubset(of: kept))
        }
    }

    @Test(arguments: [Fault("fdatasync", EIO), Fault("fdatasync", ENOSPC), Fault("meta", ENOSPC)])
    func `ends a worker, and the next one does its work`(_ fault: Fault) async throws {
        try await withBox { box throws in
            let disk = try FaultyDisk(box)
            let ids = try (1...5).map { try box.enqueue(shell: "echo \($0) >> \(box.path("done"))") }
            let failing = try box.start(
                program: disk.failing(fault, 4) + [Box.command, "worker", "--slots", "1"])
            #expect(try failing.wait() == .exited(74))
            #expect(try failing.errors().contains(String(cString: strerror(fault.error))))
            #expect(try failing.errors().contains("dmesg"))
            let next = try box.startWorker()
            for id in ids { try box.succeed("logs", "\(id)", "--follow") }
            for id in ids { #expect(try box.dispatch(id)["state"] == "SUCCESS") }
            next.signal(SIGTERM)
            #expect(try next.wait() == .exited(0))
            #expect(try Set(box.lines(of: "done")) == ["1", "2", "3", "4", "5"])
        }
    }
}

/// A call of liblmdb that fails, and how.
struct Fault: Sendable, CustomTestStringConvertible {
    let call: String
    let error: Int32

    init(_ call: String, _ error: Int32) { (self.call, self.error) = (call, error) }

    static let all = ["fdatasync", "meta", "pages"].flatMap { [Fault($0, EIO), Fault($0, ENOSPC)] }

    /// No room to write a page that nobody knows of yet is all that can be met again, in vain or not.
    var leavesDoubt: Bool { error == EIO || call != "pages" }

    var testDescription: String { "\(call), \(String(cString: strerror(error)))" }
}
