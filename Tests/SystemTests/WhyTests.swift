import Testing

@Suite struct `signalbox why` {
    @Test func `answers in a sentence and in a word, about one time or about now`() async throws {
        try await withBox { box in
            try box.succeed("add", "night", "--cron", "30 2 * * *", "--zone", "Europe/Berlin", "--", "true")
            let now = try box.json("why", "night")
            #expect(now["present"]["verdict"] == "not_due" && now["past"] == .null)
            let early = try box.json("why", "night", "--at", "2026-03-28 02:30")
            #expect(early["past"]["verdict"] == "before_schedule" && early["present"] == .null)
            #expect(early["past"]["local"] == "2026-03-28T02:30:00+01:00")
            let number = try box.number(of: box.succeed("run", "night"))
            let waiting = try box.json("why", "night")["present"]
            #expect(waiting["verdict"] == "waiting" && waiting["dispatch"]["id"].number == number)
            let people = try box.succeed("why", "night")
            #expect(people.contains("no worker serves that: start one with `signalbox worker --queues default`"))
            try box.succeed("pause", "night", "--reason", "old disk")
            #expect(try box.json("why", "night")["pause"]["reason"] == "old disk")
            let both = try box.succeed("why", "night")
            #expect(both.contains("(old disk)") && both.contains("no worker serves that"))
            try box.succeed("resume", "night")
            try box.succeed("cancel", "\(number)")
            try box.succeed("pause", "night", "--reason", "new disk")
            #expect(try box.succeed("why", "night").contains("(new disk); `signalbox resume night` ends that"))
        }
    }

    @Test func `tells of clocks that are set forward and back`() async throws {
        try await withBox { box in
            for (name, rule) in [("kept", "cron"), ("left", "skip")] {
                try box.succeed(
                    "add", name, "--cron", "30 2 * * * dst=\(rule)", "--zone", "Europe/Berlin", "--", "true")
            }
            func past(_ job: String, _ time: String) throws -> JSONValue {
                try box.json("why", job, "--at", time)["past"]
            }
            let gap = try past("kept", "2026-03-29 02:30")
            #expect(gap["occurrence"] == "dst_gap" && gap["local"] == "2026-03-29T03:00:00+02:00")
            #expect(gap["sentence"].text?.contains("2026-03-29 02:30:00 does not exist") == true)
            #expect(try past("left", "2026-03-29 02:30")["verdict"] == "left_out_in_gap")
            #expect(try past("kept", "2026-10-25T00:30:00Z")["occurrence"] == "dst_fold")
            #expect(try past("kept", "2026-10-25T01:30:00Z")["verdict"] == "other_of_two")
            #expect(try past("kept", "2037-10-25 12:00")["verdict"] == "not_due")
        }
    }

    @Test func `shows how a run ended, and where`() async throws {
        try await withBox { box in
            _ = try box.startWorker("--name", "one")
            try box.succeed("add", "fails", "--manual", "--shell", "exit 3")
            #expect(try box.run("run", "fails", "--wait").status == 1)
            let answer = try box.json("why", "fails")
            #expect(answer["last_state"] == "FAILED" && answer["present"]["verdict"] == "manual")
        }
    }

    @Test func `is about the newest such time, where only the time of day is given`() async throws {
        try await withBox { box in
            try box.succeed("add", "night", "--cron", "30 2 * * *", "--", "true")
            #expect(try box.json("why", "night", "--at", "02:30")["past"]["verdict"] == "before_schedule")
        }
    }

    @Test(arguments: [(["nobody"], 4, "no job"), (["night", "--at", "soon"], 65, "not a time")])
    func `says what is wrong`(arguments: [String], status: Int32, words: String) async throws {
        try await withBox { box in
            try box.succeed("add", "night", "--cron", "30 2 * * *", "--", "true")
            let finished = try box.run(program: [Box.command, "why"] + arguments)
            #expect(finished.status == status && finished.errors.contains(words), "\(finished)")
        }
    }
}
