import SignalboxCore
import Testing

@Suite struct `A limit of what is kept` {
    private func group(_ text: String, total: Int, keepsNewest: Bool = false) throws -> KeptGroup {
        KeptGroup(limit: try KeepLimit(text: text), total: total, keepsNewest: keepsNewest)
    }

    /// Which of so many go that ended a day apart, the last of them now.
    private func going(_ group: KeptGroup) -> [Int] {
        (0..<group.total).filter { place in
            group.letsGo(at: place) { Duration.seconds(Int64(group.total - 1 - place) * 86_400) > $0 }
        }
    }

    @Test func `lets the oldest go that are too many or too old, whichever comes first`() throws {
        #expect(try going(group("3", total: 5)) == [0, 1])
        #expect(try going(group("2d", total: 5)) == [0, 1])
        #expect(try going(group("4 or 1d", total: 5)) == [0, 1, 2])
        #expect(try going(group("1 or 3d", total: 5)) == [0, 1, 2, 3])
        #expect(try going(group("forever", total: 5)) == [])
        #expect(try going(group("0", total: 2)) == [0, 1])
    }

    @Test func `leaves the newest of a job whatever it says`() throws {
        #expect(try going(group("0", total: 3, keepsNewest: true)) == [0, 1])
        let old = try group("1s", total: 1, keepsNewest: true)
        #expect(!old.letsGo(at: 0) { _ in true })
        #expect(old.rest(ofOldest: .seconds(9)) == nil)
    }

    @Test func `tells how long until the oldest is too old`() throws {
        #expect(try group("7 or 2d", total: 1).rest(ofOldest: .seconds(86_400)) == .seconds(86_400))
        #expect(try group("7", total: 1).rest(ofOldest: .zero) == nil)
    }

    @Test func `of a removed job ends with the longest age that is said`() throws {
        let removed = Retention.standard.ofRemoved
        #expect(removed.skipped == KeepLimit(count: 50, age: .seconds(30 * 86_400)))
        #expect(removed.success == Retention.standard.success)
        #expect(Retention.forever.ofRemoved == .forever)
        let counts = Retention(success: KeepLimit(count: 9), failed: .forever, skipped: KeepLimit(count: 0)).ofRemoved
        #expect(counts.success == KeepLimit(count: 9, age: .seconds(30 * 86_400)) && counts.failed == .forever)
    }
}

@Suite struct `What to keep, as people write it` {
    @Test(arguments: ["100 or 7d", "100", "7d", "forever", "0", "1 or 1h30m", "30d"])
    func `is read as it is written`(text: String) throws {
        #expect(try KeepLimit(text: text).text == text)
    }

    @Test(arguments: [
        "", "or", "100 7d", "7d or 100", "100 or", "or 7d", "100 or 200", "7d or 8d", "-1", "0s", "ten",
        "100 or forever",
        "100 or 7d or 8d", "99999999999",
    ])
    func `is refused with what was expected, where it says nothing`(text: String) {
        #expect(throws: LimitTextError.self) { try KeepLimit(text: text) }
    }

    @Test func `names the outcomes that it is of, and leaves the others`() throws {
        let policy = try KeepPolicy(text: "success: 100 or 7d, skipped: forever")
        #expect(policy == KeepPolicy(success: KeepLimit(count: 100, age: .seconds(604_800)), skipped: .forever))
        #expect(policy.text == "success: 100 or 7d, skipped: forever")
        #expect(policy.over(.standard).failed == Retention.standard.failed)
        #expect(policy.over(.standard).skipped == .forever)
        #expect(try KeepPolicy(text: "forever") == .forever && KeepPolicy.forever.text == "forever")
        #expect(KeepPolicy.unset.text == nil && KeepPolicy.unset.over(.standard) == .standard)
        for text in ["success", "success: 1, success: 2", "done: 1", "success: x", ""] {
            #expect(throws: LimitTextError.self, "\(text)") { try KeepPolicy(text: text) }
        }
    }

    @Test func `holds for each state that has ended, and for no other`() {
        let retention = Retention.standard
        #expect(retention.limit(of: .cancelled) == retention.skipped)
        #expect(retention.limit(of: .failed) == retention.failed)
        for state in DispatchState.allCases where !state.isTerminal { #expect(retention.limit(of: state) == .forever) }
    }
}
