import Glibc
import Testing

@Suite struct `signalbox next` {
    @Test func `shows the times of an expression without a store, and why just then`() async throws {
        try await withBox { box in
            let gap = try box.jsonList(
                "next", "30 2 * * *", "--zone", "Europe/Berlin", "--from", "2026-03-29 00:00", "--count", "2")
            #expect(gap.map { $0["utc"] } == ["2026-03-29T01:00:00.000000Z", "2026-03-30T00:30:00.000000Z"])
            #expect(gap.map { $0["local"] } == ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"])
            #expect(gap.map { $0["reason"] } == ["dst_gap", "regular"])
            #expect(gap.map { $0["nominal"] } == ["2026-03-29 02:30:00", .null])
            let fold = try box.jsonList(
                "next", "*/30 * * * *", "--zone", "Europe/Berlin", "--from", "2026-10-25T00:30:00Z", "--count", "3")
            #expect(fold.map { $0["reason"] } == ["dst_fold", "dst_fold", "dst_fold"])
            let people = try box.succeed("next", "@every 90m", "--from", "2026-01-01T00:00:00Z", "--count", "1")
            #expect(people.contains("2026-01-01T01:30:00.000000Z") && people.contains("regular"))
            #expect(access(box.store, F_OK) != 0)
        }
    }

    @Test func `shows a time that falls on where it is asked from`() async throws {
        try await withBox { box in
            let found = try box.json("next", "0 4 * * *", "--zone", "UTC", "--from", "2026-01-01T04:00:00Z")
            #expect(found["utc"] == "2026-01-01T04:00:00.000000Z")
        }
    }

    @Test func `takes the zone of a job, and what its interval counts from`() async throws {
        try await withBox { box in
            try box.succeed("add", "nightly", "--cron", "30 2 * * *", "--zone", "Europe/Berlin", "--", "true")
            try box.succeed("add", "often", "--every", "1h", "--", "true")
            let nightly = try box.json("next", "nightly", "--from", "2037-03-29", "--count", "1")
            #expect(nightly["reason"] == "dst_gap")
            let before = try box.json("next", "nightly", "--from", "2020-03-29", "--count", "1")
            #expect(
                try before["utc"] == box.json("job", "nightly")["next_at"], "it has had no time before it was there")
            try box.succeed("pause", "nightly", "--reason", "new disk")
            let paused = try box.run("next", "nightly")
            #expect(paused.status == 0 && paused.errors.contains("(new disk): these will be skipped"))
            let often = try box.jsonList("next", "often", "--count", "3")
            #expect(often.count == 3)
            #expect(try often.first?["utc"] == box.json("job", "often")["next_at"])
        }
    }

    @Test(arguments: [
        (["@manual"], 65, "when somebody asks"), (["@boot"], 65, "once per boot"), (["0 0 30 2 *"], 65, "never comes"),
        (["nobody"], 66, "there is no store"), (["@every 0s"], 65, "out of range"),
        (["@daily", "--zone", "Europe/Nowhere"], 65, "there is no zone"), (["@daily", "--count", "0"], 64, "--count"),
        (["@daily", "--from", "soon"], 65, "not a time"),
    ])
    func `says what is wrong`(arguments: [String], status: Int32, words: String) async throws {
        try await withBox { box in
            let finished = try box.run(program: [Box.command, "next"] + arguments)
            #expect(finished.status == status && finished.errors.contains(words), "\(finished)")
        }
    }

    @Test func `finds no job of that name where there is a store`() async throws {
        try await withBox { box in
            try box.succeed("add", "asked", "--manual", "--", "true")
            #expect(try box.run("next", "nobody").status == 4)
            let manual = try box.run("next", "asked")
            #expect(manual.status == 65 && manual.errors.contains("when somebody asks"))
        }
    }
}
