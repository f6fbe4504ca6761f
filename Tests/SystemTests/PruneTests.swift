import Testing

/// What is kept of what has ended, as people say it and see it.
@Suite struct `Retention` {
    @Test func `is said by settings and jobs, and shown with them`() async throws {
        try await withBox { box throws in
            try box.succeed("add", "first", "--manual", "--", "true")
            try box.succeed("settings", "--keep", "success: 7 or 2d", "--keep-enqueued", "failed: forever")
            let settings = try box.json("settings")
            #expect(settings["keep"]["success"] == "7 or 2d" && settings["keep"]["skipped"] == "50")
            #expect(settings["keep_enqueued"]["failed"] == "forever")
            try box.succeed("add", "nightly", "--manual", "--keep", "failed: 3", "--", "true")
            #expect(try box.succeed("job", "nightly").contains("success: 7 or 2d, failed: 3, skipped: 50"))
            #expect(try box.json("job", "nightly")["keep"]["failed"] == "3")
            let refused = try box.run("settings", "--keep", "success: many")
            #expect(refused.status == 64 && refused.errors.contains("100 or 7d"), "\(refused.errors)")
        }
    }

    @Test func `is read from a jobs file, and its changes are told`() async throws {
        try await withBox { box throws in
            let jobs = "jobs: {nightly: {manual: true, shell: 'true', keep: {success: 5, failed: 30d}}}\n"
            try box.write(jobs, to: "jobs.yaml")
            try box.succeed("apply", box.path("jobs.yaml"))
            #expect(try box.json("job", "nightly")["keep"]["success"] == "5")
            try box.write(jobs.replacing("success: 5", with: "success: 6 or 1d"), to: "jobs.yaml")
            #expect(try box.run("diff", box.path("jobs.yaml")).output.contains("success: 6 or 1d"))
            try box.write(jobs.replacing("success: 5", with: "succes: 5"), to: "jobs.yaml")
            let bad = try box.run("check", box.path("jobs.yaml"))
            #expect(bad.status == 65 && bad.errors.contains("did you mean \"success\""), "\(bad.errors)")
        }
    }

    @Test func `takes away what is too much, by hand where nothing runs, and leaves what is pinned`() async throws {
        try await withBox { box throws in
            for _ in 0..<4 {
                let id = try box.number(of: box.succeed("enqueue", "--", "true"))
                try box.succeed("cancel", "\(id)")
            }
            #expect(try box.succeed("pin", "1").contains("pinned"))
            #expect(try box.json("dispatch", "1")["pinned"] == true)
            try box.succeed("settings", "--keep-enqueued", "skipped: 1")
            #expect(try box.succeed("prune", "--dry-run") == "would prune 2: 2 CANCELLED\n")
            #expect(try box.json("prune")["pruned"]["CANCELLED"] == 2)
            #expect(try box.succeed("prune") == "nothing to prune\n")
            let gone = try box.run("dispatch", "2")
            #expect(gone.status == 4 && gone.errors.contains("may have been pruned"), "\(gone.errors)")
            try box.succeed("unpin", "1")
            try box.succeed("prune")
            #expect(try box.run("dispatch", "1").status == 4)
            #expect(try box.json("status")["pruned"] == 3)
        }
    }

    @Test func `is followed by a worker that is idle as soon as it changes`() async throws {
        try await withBox { box throws in
            let worker = try box.startWorker()
            for _ in 0..<3 {
                let id = try box.number(of: box.succeed("enqueue", "--", "true"))
                try box.succeed("logs", "\(id)", "--follow")
            }
            try box.succeed("settings", "--keep-enqueued", "success: 1")
            try worker.waitForLine("pruned 2 dispatches")
            #expect(try box.json("status")["pruned"] == 2)
        }
    }
}
