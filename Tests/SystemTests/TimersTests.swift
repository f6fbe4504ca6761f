import Glibc
import Testing

@Suite struct `signalbox import-timers` {
    private func makeUnits(_ box: Box) throws {
        for folder in ["units", "local", "local/backup.timer.d"] { mkdir(box.path(folder), 0o755) }
        try box.write("[Timer]\nOnCalendar=*-*-* 2:30 Europe/Berlin\nPersistent=true\n", to: "units/backup.timer")
        try box.write("[Service]\nType=oneshot\nExecStart=/bin/echo backup\n", to: "units/backup.service")
        try box.write("[Timer]\nOnCalendar=*:*/15\n", to: "units/broken.timer")
        try box.write("[Service]\nExecStart=/bin/true\n", to: "units/broken.service")
        try box.write("[Timer]\nOnUnitActiveSec=1h\n", to: "units/copy@.timer")
        try box.write("[Service]\nExecStart=/bin/echo copy of %i\n", to: "units/copy@.service")
        try box.write("[Timer]\nRandomizedDelaySec=5m\n", to: "local/backup.timer.d/10-delay.conf")
    }

    @Test func `adds what can be said, and refuses the rest by file and line`() async throws {
        try await withBox { box in
            try makeUnits(box)
            let dry = try box.run("import-timers", "--dry-run", "--json", box.path("units"), box.path("local"))
            #expect(dry.status == 65)
            let job = try JSONValue(dry.output)
            #expect(job["name"] == "backup" && job["schedule"] == "30 2 * * *" && job["zone"] == "Europe/Berlin")
            #expect(job["catchup"] == "latest" && job["command"] == "/bin/echo backup" && job["line"] == 2)
            #expect(dry.errors.contains("units/broken.timer:2:1: OnCalendar=*:*/15"))
            #expect(dry.errors.contains("10-delay.conf:2: RandomizedDelaySec=5m"))
            #expect(access(box.store, F_OK) != 0)
            let added = try box.run("import-timers", box.path("units"))
            #expect(added.status == 65 && added.output == "added      backup\n")
            #expect(try box.json("job", "backup")["zone"] == "Europe/Berlin")
            _ = try box.startWorker()
            #expect(try box.succeed("run", "backup", "--follow").hasSuffix("\nbackup\n"))
        }
    }

    @Test func `reads an instance from its template, and a timer by its path`() async throws {
        try await withBox { box in
            try makeUnits(box)
            let folder = box.path("units")
            symlink("\(folder)/copy@.timer", "\(folder)/copy@disk.timer")
            try box.succeed("import-timers", "\(folder)/copy@disk.timer")
            let job = try box.json("job", "copy-disk")
            #expect(job["schedule"] == "@every 1h" && job["command"] == "/bin/echo copy of disk")
        }
    }

    @Test func `takes the unit of the folder named last`() async throws {
        try await withBox { box in
            try makeUnits(box)
            try box.write("[Timer]\nOnCalendar=daily\n", to: "local/backup.timer")
            let found = try box.run("import-timers", "--dry-run", box.path("units"), box.path("local"))
            #expect(found.output == "backup  0 0 * * *  /bin/echo backup\n")
        }
    }

    @Test func `says what is no timer`() async throws {
        try await withBox { box in
            for path in ["nothing", "units/backup.service", "/etc/passwd"] {
                let finished = try box.run("import-timers", path)
                #expect(finished.status == 65 && finished.errors.contains("neither a folder nor a .timer file"))
            }
        }
    }
}
