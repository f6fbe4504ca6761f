import Glibc
import Testing

@Suite struct `A crontab` {
    private static let system = """
        # what Debian's packages bring
        SHELL=/bin/sh
        PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin
        MAILTO=""

        17 *	* * *	root	cd / && run-parts --report /etc/cron.hourly
        25 6	* * 7	root	test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
        5-55/10 * * * * www-data command -v debian-sa1 > /dev/null && debian-sa1 1 1
        @reboot root echo up
        @daily nobody cat >/dev/null%first line%second \\% line

        """

    @Test func `of the system is shown without a store, every line of it`() async throws {
        try await withBox { box in
            try box.write(Self.system, to: "crontab")
            let finished = try box.run("import-crontab", "crontab", "--system", "--dry-run", "--json")
            #expect(finished.status == 0, "\(finished.errors)")
            let jobs = try finished.output.split(separator: "\n").map { try JSONValue($0) }
            #expect(jobs.map { $0["line"] } == [6, 7, 8, 9, 10])
            #expect(jobs.map { $0["user"] } == ["root", "root", "www-data", "root", "nobody"])
            #expect(jobs.map { $0["schedule"] } == ["17 * * * *", "25 6 * * 7", "5-55/10 * * * *", "@boot", "@daily"])
            #expect(jobs[4]["command"] == "cat >/dev/null")
            #expect(Set(jobs.compactMap { $0["name"].text }).count == 5)
            let people = try box.run("import-crontab", "crontab", "--system", "--dry-run")
            #expect(people.output.contains("(as www-data)"))
            #expect(access(box.store, F_OK) != 0)
        }
    }

    @Test func `becomes jobs that run, with its environment and what follows a percent sign as input`() async throws {
        try await withBox { box in
            try box.write(
                "PLACE=here\n@yearly echo $PLACE; cat%first line%100 \\% sure\n0 5 * * 1 true\n", to: "crontab")
            let added = try box.succeed("import-crontab", "crontab").split(separator: "\n").map(String.init)
            #expect(added.count == 2)
            #expect(added.allSatisfy { $0.hasPrefix("added ") })
            let jobs = try box.jsonList("jobs")
            #expect(Set(jobs.map { $0["schedule"] }) == ["@yearly", "0 5 * * 1"])
            let yearly = try #require(jobs.first { $0["schedule"] == "@yearly" }?["name"].text)
            _ = try box.startWorker()
            #expect(try box.succeed("run", yearly, "--follow") == "1\nhere\nfirst line\n100 % sure\n")
            let again = try box.succeed("import-crontab", "crontab").split(separator: "\n")
            #expect(again.allSatisfy { $0.hasPrefix("unchanged ") }, "\(again)")
        }
    }

    @Test func `with broken lines names each, shows the others, and adds nothing`() async throws {
        try await withBox { box in
            try box.write("* * * * * true\n61 * * * * false\n* * * *\n@never true\n@daily echo last\n", to: "crontab")
            let dry = try box.run("import-crontab", "crontab", "--dry-run")
            #expect(dry.status == 65)
            for line in 2...4 { #expect(dry.errors.contains("crontab:\(line):"), "\(dry.errors)") }
            #expect(dry.output.split(separator: "\n").count == 2)
            #expect(try box.run("import-crontab", "crontab").status == 65)
            #expect(access(box.store, F_OK) != 0)
        }
    }

    @Test func `is read from standard input, and what is no crontab is refused`() async throws {
        try await withBox { box in
            let finished = try box.run(
                program: [Box.command, "import-crontab", "-", "--dry-run"], input: "*/5 * * * * echo hi\n")
            #expect(finished.status == 0)
            #expect(finished.output.contains("*/5 * * * *"))
            let binary = try box.run(program: [Box.command, "import-crontab", Box.command, "--dry-run"])
            #expect(binary.status == 65)
        }
    }

    /// What cron of this machine reads: of /etc/cron.d only names without a dot.
    private static let present =
        (["crontab"]
        + names(in: "/etc/cron.d").filter { !$0.contains(".") }
        .map { "cron.d/\($0)" })
        .map { "/etc/\($0)" }.filter { (path: String) in access(path, R_OK) == 0 }

    @Test(.enabled(if: !present.isEmpty, "this machine has no crontabs"), arguments: present)
    func `of this machine is understood`(file: String) async throws {
        try await withBox { box in
            let finished = try box.run("import-crontab", file, "--system", "--dry-run", "--json")
            #expect(finished.status == 0, "\(finished.errors)")
            let expected = try readFile(file).split(separator: "\n").count {
                let line = $0.drop { $0 == " " || $0 == "\t" }
                return line.first.map { $0.isNumber || $0 == "*" || $0 == "@" } ?? false
            }
            #expect(finished.output.split(separator: "\n").count == expected)
        }
    }
}
