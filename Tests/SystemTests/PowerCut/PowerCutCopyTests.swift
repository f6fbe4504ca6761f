import Testing

extension `A power cut` {
    @Test func `during a backup leaves the whole copy under its name, or nothing of that name`() async throws {
        try await withBox { box in
            let recorder = try Recorder(box)
            try Workload(box).runBriefly()
            try box.succeed("backup", box.store + ".copy")
            let recording = try recorder.recording()
            let commits = Commits(recording)
            for model in DirectoryModel.allCases {
                let trial = try Trial(recording, commits, model, of: "store.copy", seed: options.seed)
                let first = try recording.place(ofName: "store.copy.new-")
                let report = try trial.run(0..<options.states(100), from: first)
                require(report, "a backup, names \(model.rawValue)", recorder)
                #expect(report.withoutStore > 0 && report.withoutStore < report.states)
            }
        }
    }

    @Test func `while a store is made compact leaves the old file or the new one, and all that was acknowledged`()
        async throws
    {
        try await withBox { box in
            let recorder = try Recorder(box)
            try Workload(box).runBriefly()
            try box.succeed("compact")
            try box.succeed("enqueue", "--", "true")
            let recording = try recorder.recording()
            let commits = Commits(recording)
            for model in DirectoryModel.allCases {
                let trial = try Trial(recording, commits, model, seed: options.seed)
                trial.nextCommand = (every: 16, run: { try enqueues(in: $0, box, $1) })
                let first = try recording.place(ofName: "data.mdb.new")
                let report = try trial.run(0..<options.states(100), from: first)
                require(report, "made compact, names \(model.rawValue)", recorder)
                #expect(report.files == 2, "the old one and the new one")
            }
        }
    }

    @Test func `during a restore leaves all of the dump under its name, or what was there before`() async throws {
        try await withBox { box in
            let recorder = try Recorder(box)
            try Workload(box).runBriefly()
            try box.succeed("dump", "--secrets", "whole")
            try box.succeed("restore", "whole", "--into", box.store + ".restored")
            try box.succeed("pause", "--queue", "other", "--store", box.store + ".idle")
            try box.succeed("restore", "whole", "--into", box.store + ".idle")
            let recording = try recorder.recording()
            let commits = Commits(recording)
            for (name, files) in [("store.restored", 1), ("store.idle", 2)] {
                for model in DirectoryModel.allCases {
                    let trial = try Trial(recording, commits, model, of: name, seed: options.seed)
                    let first = try recording.place(ofName: name + ".new-")
                    let report = try trial.run(0..<options.states(100), from: first)
                    require(report, "a restore as \(name), names \(model.rawValue)", recorder)
                    #expect(report.withoutStore > 0 && report.files == files)
                }
            }
        }
    }
}
