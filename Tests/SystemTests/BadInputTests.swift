import Glibc
import LMDBEngine
import OrderedStore
@testable import SignalboxStore
import Testing

/// Whatever is asked wrongly: one clear sentence, the exit code of the manual, nothing created, nothing touched.
@Suite struct `What cannot be read` {
    @Test(arguments: [
        ["--cron", "61 * * * *"], ["--cron", "* * *"], ["--cron", "30 2 31 2 *"], ["--cron", "@fortnightly"],
        ["--every", "soon"], ["--every=-1s"], ["--at", "yesterday"], ["--at", "2001-01-01T00:00:00Z"],
        ["--manual", "--zone", "Middle/Earth"], ["--manual", "--queue", "a b"],
    ])
    func `as a schedule adds no job and makes no store`(schedule: [String]) async throws {
        try await withBox { box in
            try expectRefusal(box, 65, ["add", "job"] + schedule + ["--", "true"])
        }
    }

    @Test(arguments: [
        (text: "jobs:\n  a:\n    every: [1]\n    shell: true\n", place: ":3:12:"),
        (text: "jobs:\n  a:\n    every: 1s\n    shell: true\n    colour: red\n", place: ":5:5:"),
        (text: "jobs:\n  a:\n    cron: 61 * * * *\n    shell: true\n", place: ":3:"),
        (text: "jobs:\n  a:\n    every: 1s\n", place: ":3:"), (text: "jobs:\n  - a\n", place: ":2:"),
        (text: "jobs: {a: \n", place: ":2:"), (text: "- jobs\n", place: ":1:"), (text: "", place: ":1:"),
        (text: "jobs:\n  a:\n    every: 1s\n    shell: x\n  a:\n    every: 1s\n    shell: x\n", place: ":5:"),
        (text: "jobs:\n  \"a\\nb\":\n    every: 1s\n    shell: x\n", place: ":2:"),
    ])
    func `as a jobs file is named by line, and nothing of it is applied`(text: String, place: String) async throws {
        try await withBox { box in
            try box.write(text, to: "jobs.yaml")
            for command in [["apply"], ["apply", "--dry-run"], ["up", "--jobs"]] {
                let finished = try expectRefusal(box, 65, command + ["jobs.yaml"])
                #expect(finished.errors.hasPrefix("signalbox: jobs.yaml\(place)"), "\(finished.errors)")
            }
        }
    }

    @Test func `as a file is said`() async throws {
        try await withBox { box in
            for command in [["apply"], ["import-crontab"], ["run", "job", "--payload"]] {
                try expectRefusal(box, 65, command + ["no-such-file"])
            }
            #expect(mkdir(box.path("folder"), 0o755) == 0)
            try expectRefusal(box, 65, ["apply", "folder"])
        }
    }

    @Test func `as options or arguments is usage, and makes no store`() async throws {
        try await withBox { box in
            for command in [
                [], ["bogus"], ["enqueue"], ["enqueue", "--shell", "true", "--", "true"], ["logs"],
                ["dispatch", "one"],
                ["dispatch", "0"], ["jobs", "--colour"], ["dispatches", "--state", "ASLEEP"],
                ["dispatches", "--limit", "0"], ["worker", "--slots", "0"], ["worker", "--queues", ""],
                ["serve", "--listen", "here"], ["add", "job", "--", "true"],
                ["add", "job", "--boot", "--manual", "--", "true"],
                ["add", "job", "--manual", "--max-attempts", "0", "--", "true"],
                ["add", "job", "--manual", "--overlap", "perhaps", "--", "true"],
                ["run", "job", "--queue", "--force"], ["enqueue", "--delay", "1s", "--at", "14:30", "--", "true"],
                ["enqueue", "--priority", "256", "--", "true"], ["enqueue", "--delay", "soon", "--", "true"],
            ] {
                let before = try Listing(box.store)
                let finished = try box.run(program: [Box.command] + command)
                // Without a word it tells what it can do.
                #expect(finished.status == (command.isEmpty ? 0 : 64), "\(command): \(finished.ending)")
                #expect(finished.output.isEmpty != command.isEmpty)
                #expect(try Listing(box.store).changes(since: before) == [])
            }
        }
    }
}

@Suite struct `What is not there` {
    @Test func `as a job, a dispatch or a worker is exit 4`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            let before = try box.json("status")["seq"]
            for command in [
                ["job", "none"], ["run", "none"], ["pause", "none"], ["resume", "none"], ["remove", "none"],
                ["logs", "none"], ["dispatch", "9"], ["logs", "9"], ["cancel", "9"], ["job", "none", "--json"],
                ["dispatch", "9", "--json"], ["enqueue", "--after", "9", "--", "true"],
            ] {
                let finished = try box.run(program: [Box.command] + command)
                #expect(finished.status == 4, "\(command): \(finished.ending) \(finished.errors)")
                #expect(finished.output == "")
                #expect(isOneSentence(finished.errors), "\(finished.errors)")
            }
            #expect(try box.json("status")["seq"] == before)
        }
    }

    @Test func `and has a name that would write to the terminal is shown escaped`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            for command in ["job", "run", "pause", "logs"] {
                let finished = try box.run(command, "a\u{1b}[31m\nb")
                #expect(finished.status == 65)
                #expect(isOneSentence(finished.errors), "\(finished.errors)")
                #expect(finished.errors.contains("u{1b}"))
            }
            try expectRefusal(box, 65, ["add", "a\u{1b}[31m", "--manual", "--", "true"])
        }
    }
}

@Suite struct `A store` {
    /// Commands that never make one.
    static let readers = [
        ["jobs"], ["job", "a"], ["dispatches"], ["dispatch", "1"], ["logs", "1"], ["logs", "1", "--follow"],
        ["workers"], ["status"], ["verify"], ["jobs", "--json"],
        ["verify", "--json"],
        ["pause", "a"], ["resume", "a"], ["remove", "a"], ["run", "a"], ["cancel", "1"],
    ]
    static let writers = [
        ["enqueue", "--", "true"], ["add", "a", "--manual", "--", "true"], ["worker"], ["scheduler"], ["up"],
    ]

    @Test func `that is missing is not made by who reads`() async throws {
        try await withBox { box in
            for command in Self.readers { try expectRefusal(box, 66, command) }
            #expect(mkdir(box.store, 0o755) == 0)
            for command in Self.readers { try expectRefusal(box, 66, command) }
        }
    }

    @Test func `that is an ordinary file, or a folder of other things, is left as it is`() async throws {
        try await withBox { box in
            try box.write("precious", to: "store")
            for command in Self.readers + Self.writers { try expectRefusal(box, 74, command) }
            unlink(box.store)
            #expect(mkdir(box.store, 0o755) == 0)
            try box.write("precious", to: "store/note")
            for command in Self.readers + Self.writers { try expectRefusal(box, 74, command) }
        }
    }

    @Test func `whose data is no data is left as it is`() async throws {
        try await withBox { box in
            #expect(mkdir(box.store, 0o755) == 0)
            for text in ["", "precious", String(repeating: "precious", count: 10_000)] {
                try box.write(text, to: "store/data.mdb")
                for command in Self.readers + Self.writers { try expectRefusal(box, 74, command) }
            }
            // What it is must be the last word, so that nothing is verified at the end.
            unlink(box.path("store/data.mdb"))
        }
    }

    @Test func `cut to half is refused and left as it is`() async throws {
        try await withBox { box in
            for _ in 1...20 { try box.succeed("enqueue", "--", "true") }
            let whole = try readBytes(box.path("store/data.mdb"))
            #expect(truncate(box.path("store/data.mdb"), off_t(whole.count / 2)) == 0)
            for command in Self.readers + Self.writers { try expectRefusal(box, 74, command) }
            removeTree(box.store)
        }
    }

    @Test func `in which a record was altered tells which, and believes none of it`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "echo", "quite-the-word")
            let data = box.path("store/data.mdb")
            let text = try readBytes(data)
            let places = text.indices.filter { text[$0...].starts(with: "quite-the-word".utf8) }
            #expect(!places.isEmpty)
            for place in places { try writeByte(UInt8(ascii: "Q"), at: place, of: data) }
            let before = try Listing(box.store)
            for command in [["dispatch", "1"], ["dispatches"]] {
                let finished = try expectRefusal(box, 74, command)
                #expect(finished.errors.contains("cannot be believed"))
            }
            let verify = try box.run("verify", "--json")
            #expect(verify.status == 1)
            #expect(try JSONValue(verify.output)["ok"] == false)
            #expect(try JSONValue(verify.output)["faults"].count > 0)
            #expect(try Listing(box.store).changes(since: before) == [])
            removeTree(box.store)
        }
    }

    @Test func `of another format version is refused and left as it is`() async throws {
        try await withBox { box in
            try Environment.create(at: box.store, buckets: Buckets.all) { transaction in
                let header = StoreHeader(format: 99, storeID: String(repeating: "0", count: 32))
                try transaction.keep(header, StoreHeader.key, in: Buckets.meta)
                try transaction.keep(StoreState(), StoreState.key, in: Buckets.meta)
            }
            // The first to open it makes LMDB's lock file and the bell beside the data.
            _ = try box.run("status")
            for command in Self.readers + Self.writers {
                let finished = try expectRefusal(box, 74, command)
                #expect(finished.errors.contains("format 99"), "\(finished.errors)")
            }
            removeTree(box.store)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "it takes root to become another user"))
    func `of somebody else is no permission`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            let nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
            for command in Self.readers + Self.writers {
                let before = try Listing(box.store)
                let finished = try box.run(program: nobody + [Box.command] + command)
                #expect(finished.status == 77, "\(command): \(finished.ending) \(finished.errors)")
                #expect(isOneSentence(finished.errors), "\(finished.errors)")
                #expect(try Listing(box.store).changes(since: before) == [])
            }
            let other = try box.run(program: nobody + [Box.command, "enqueue", "--store", "mine", "--", "true"])
            #expect(other.status == 77)
            #expect(access(box.path("mine"), F_OK) != 0)
        }
    }
}

/// Runs a command and expects that it refuses with `status` and one sentence, and that the store stays as it was. Of a
/// damaged store `verify` lists the faults instead: that is its answer.
@discardableResult
private func expectRefusal(_ box: Box, _ status: Int32, _ command: [String]) throws -> Finished {
    let before = try Listing(box.store)
    let finished = try box.run(program: [Box.command] + command)
    let lists = status == 74 && finished.status == 1 && command.first == "verify"
    #expect(finished.status == (lists ? 1 : status), "\(command): \(finished.ending) \(finished.errors)")
    if lists {
        #expect(finished.output.contains("damaged") && finished.errors == "", "\(command): \(finished.output)")
    } else {
        #expect(finished.output == "", "\(command)")
        #expect(isOneSentence(finished.errors), "\(command): \(finished.errors)")
    }
    #expect(try Listing(box.store).changes(since: before) == [], "\(command)")
    return finished
}
