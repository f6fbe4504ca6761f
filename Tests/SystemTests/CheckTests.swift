import Glibc
import Testing

@Suite struct `signalbox check` {
    @Test func `shows each job with its next time and its notes, without a store`() async throws {
        try await withBox { box in
            try box.write(
                """
                zone: Europe/Berlin
                jobs:
                  night: {cron: "30 2 * * *", shell: date}
                  friday: {cron: "0 4 13 * fri", shell: date}
                  asked: {manual: true, shell: date}

                """, to: "jobs.yaml")
            let jobs = try box.jsonList("check", "jobs.yaml")
            #expect(jobs.map { $0["name"] } == ["night", "friday", "asked"])
            #expect(jobs.map { $0["zone"] } == ["Europe/Berlin", "Europe/Berlin", "Europe/Berlin"])
            #expect(jobs.map { $0["notes"].count } == [2, 1, 0])
            #expect(jobs[0]["next_at"] != .null && jobs[2]["next_at"] == .null)
            let people = try box.succeed("check", "jobs.yaml")
            #expect(people.contains("note: ") && people.hasSuffix("3 jobs, 3 notes\n"))
            #expect(access(box.store, F_OK) != 0)
        }
    }

    @Test(arguments: [
        ("jobs:\n  a: {cron: \"61 * * * *\", shell: x}\n", "jobs.yaml:2:", "minute"),
        (
            "jobs:\n  a: {cron: \"0 4 * * *\", shell: x}\n  b: {cron: \"@daily\", zone: Europe/Nowhere, shell: x}\n",
            "jobs.yaml:3:", "no zone"
        ),
    ])
    func `ends with the line of what is wrong`(text: String, place: String, words: String) async throws {
        try await withBox { box in
            try box.write(text, to: "jobs.yaml")
            let finished = try box.run("check", "jobs.yaml")
            #expect(finished.status == 65 && finished.output.isEmpty)
            #expect(finished.errors.contains(place) && finished.errors.contains(words), "\(finished.errors)")
        }
    }
}

@Suite struct `signalbox diff` {
    private static let first = "jobs:\n  a: {cron: \"0 3 * * *\", shell: x}\n  b: {manual: true, shell: x}\n"
    private static let second = "jobs:\n  a: {cron: \"0 4 * * *\", shell: x}\n"

    @Test func `says what would change, field by field, and exits as diff does`() async throws {
        try await withBox { box in
            try box.write(Self.first, to: "first.yaml")
            try box.write(Self.second, to: "second.yaml")
            let new = try box.run("diff", "first.yaml")
            #expect(new.status == 1 && new.output == "added a\nadded b\n")
            #expect(access(box.store, F_OK) != 0)
            try box.succeed("apply", "first.yaml")
            let same = try box.run("diff", "first.yaml", "--prune")
            #expect(same.status == 0 && same.output.isEmpty)
            let changed = try box.run("diff", "second.yaml")
            #expect(changed.status == 1)
            #expect(changed.output == "changed a\n  schedule: \"0 3 * * *\" → \"0 4 * * *\"\n")
            let pruned = try box.run("diff", "second.yaml", "--prune", "--json")
            let changes = try pruned.output.split(separator: "\n").map { try JSONValue($0) }
            #expect(changes.map { $0["change"] } == ["changed", "removed"])
            #expect(changes[0]["fields"][0]["from"] == "0 3 * * *")
            #expect(try box.json("job", "a")["schedule"] == "0 3 * * *")
        }
    }

    @Test func `is followed by an apply that leaves what was asked for by hand`() async throws {
        try await withBox { box in
            try box.write(Self.first, to: "first.yaml")
            try box.write(Self.second, to: "second.yaml")
            try box.succeed("apply", "first.yaml")
            let id = try box.number(of: box.succeed("run", "a"))
            #expect(try box.succeed("apply", "second.yaml") == "changed    a\n")
            #expect(try box.dispatch(id)["state"] == "PENDING")
            let late = try box.succeed("apply", "second.yaml", "--replace-pending")
            #expect(late == "unchanged  a\n")
            #expect(try box.dispatch(id)["state"] == "PENDING")
            #expect(try box.json("job", "a")["revision"] == 2)
        }
    }
}

@Suite struct `signalbox pause` {
    @Test func `keeps who, when and what for, and shows it wherever the job is shown`() async throws {
        try await withBox { box in
            try box.succeed("add", "night", "--cron", "@daily", "--", "true")
            #expect(try box.succeed("pause", "night", "--reason", "new disk") == "paused night\n")
            let job = try box.json("job", "night")
            #expect(job["paused"] == true && job["pause_reason"] == "new disk" && job["paused_at"] != .null)
            let by = try #require(job["paused_by"].text)
            #expect(by.contains("@"))
            for command in [["jobs"], ["job", "night"], ["pause", "night"]] {
                let output = try box.run(program: [Box.command] + command).output
                #expect(output.contains(by) && output.contains("new disk"), "\(output)")
            }
            #expect(try box.succeed("resume", "night", "--catchup") == "resumed night, 0 runs made up for\n")
            #expect(try box.json("job", "night")["paused_by"] == .null)
        }
    }
}
