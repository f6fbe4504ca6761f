import SignalboxCore
import SignalboxFormats
import Testing

private func user(_ text: String) -> CrontabImport {
    Crontab.parse(text: text, fileName: "/var/spool/cron/crontabs/ann", system: false)
}

private func system(_ text: String, _ file: String = "/etc/cron.d/box") -> CrontabImport {
    Crontab.parse(text: text, fileName: file, system: true)
}

@Suite struct `A crontab` {
    @Test func `gives a job for each line that runs something`() throws {
        let result = user("# a comment\n\n   # another\n0 4 * * * backup --all # not a comment\n\t5 * * * 1-5\tdate\n")
        #expect(result.errors.isEmpty && result.notes.isEmpty)
        #expect(result.jobs.map(\.line) == [4, 5])
        #expect(result.jobs.map(\.definition.schedule.description) == ["0 4 * * *", "5 * * * 1-5"])
        #expect(result.jobs.map(\.definition.command) == [.shell("backup --all # not a comment"), .shell("date")])
        #expect(
            result.jobs.allSatisfy { $0.user == nil && $0.definition.maxAttempts == 1 && $0.definition.timeout == nil })
    }

    @Test(arguments: [
        ("@reboot", "@boot"), ("@yearly", "@yearly"), ("@annually", "@annually"), ("@monthly", "@monthly"),
        ("@weekly", "@weekly"), ("@daily", "@daily"), ("@midnight", "@midnight"), ("@Hourly", "@hourly"),
    ])
    func `knows the words for a time`(word: String, schedule: String) {
        #expect(user("\(word) x\n").jobs.first?.definition.schedule.description == schedule)
    }

    @Test func `has a user column where it is the system's`() {
        let result = system("0 4 * * *\troot  backup now\n@daily www-data clean\n")
        #expect(result.jobs.map(\.user) == ["root", "www-data"])
        #expect(result.jobs.map(\.definition.command) == [.shell("backup now"), .shell("clean")])
    }

    @Test func `reads to its end without a newline, and lines that end as on Windows`() {
        let result = user("0 4 * * * a\r\n0 5 * * * b")
        #expect(result.jobs.map(\.definition.command) == [.shell("a"), .shell("b")])
    }

    @Test func `sets variables for the lines below`() {
        let result = user(
            "0 1 * * * a\nA = one two  \nB=\"  kept \"\n'C'='x'\n D=\"\"\n0 2 * * * b\nA=new\n0 3 * * * c\n")
        #expect(result.errors.isEmpty)
        #expect(
            result.jobs.map(\.definition.environment) == [
                [:], ["A": "one two", "B": "  kept ", "C": "x", "D": ""],
                ["A": "new", "B": "  kept ", "C": "x", "D": ""],
            ])
    }

    @Test func `takes an equals sign in a command for what it is`() {
        let result = user("0 1 * * * A=1 b\n@daily A=1 b\n")
        #expect(result.jobs.map(\.definition.command) == [.shell("A=1 b"), .shell("A=1 b")])
    }

    @Test func `expands no variables and says so`() {
        let result = user("PATH=$HOME/bin:/bin\n0 1 * * * a\n")
        #expect(result.jobs.first?.definition.environment == ["PATH": "$HOME/bin:/bin"])
        #expect(result.notes.map(\.line) == [1] && result.notes[0].message.contains("expands no variables"))
    }

    @Test func `runs commands with its SHELL, and in its HOME`() {
        let result = user("SHELL=/bin/sh\n0 1 * * * a\nSHELL=/bin/bash\nHOME=/srv\n0 1 * * * a b\n")
        #expect(result.jobs.map(\.definition.command) == [.shell("a"), .program(["/bin/bash", "-c", "a b"])])
        #expect(result.jobs.map(\.definition.directory) == [nil, "/srv"])
    }

    @Test func `notes that no mail is sent`() {
        #expect(user("MAILTO=ann@example.org\n").notes.map(\.message.count).isEmpty == false)
        #expect(user("MAILTO=\"\"\n").notes.isEmpty)
    }

    @Test(arguments: ["CRON_TZ", "TZ"])
    func `notes that a zone moves no times, as in Debian`(name: String) {
        let result = user("\(name)=Asia/Tokyo\n0 4 * * * a\n")
        #expect(result.notes.count == 1 && result.notes[0].description.hasPrefix("/var/spool/cron/crontabs/ann:1: "))
        #expect(result.jobs.first?.definition.zone == nil)
        #expect(result.jobs.first?.definition.environment == [name: "Asia/Tokyo"])
    }

    @Test(arguments: [
        ("date +\\%H", "date +%H", ""), ("cat%one%two", "cat", "one\ntwo\n"), ("cat%", "cat", ""),
        ("cat%a%", "cat", "a\n"),
        ("cat%50\\% off", "cat", "50% off\n"), ("echo \\n a", "echo \\n a", ""), ("cat%a\\nb", "cat", "a\\nb\n"),
        ("echo a\\\\%b", "echo a\\\\", "b\n"), ("mail -s hi%\\%%", "mail -s hi", "%\n"),
    ])
    func `ends a command at the first percent sign`(written: String, command: String, input: String) {
        let job = user("0 4 * * * \(written)\n").jobs.first?.definition
        #expect(job?.command == .shell(command))
        #expect(job.map { String(decoding: $0.input, as: UTF8.self) } == input)
    }

    @Test(arguments: [
        ("61 * * * * a", 1, "minute field"), ("0 0 30 2 * a", 5, "never comes"), ("  0 25 * * * a", 5, "hour field"),
        ("0 4 * * *", 9, "command is missing"), ("0 4 * *", 1, "month day-of-week"), ("hello", 1, "NAME=value"),
        ("@fortnightly a", 1, "@weekly"), ("@every 10s", 1, "@hourly"), ("A=\"x", 3, "one more"),
        ("A='x' y", 3, "one more"),
        ("A=", 2, "A=\"\""), ("0 0 * * 1-x a", 11, "day of week"), ("\"A", 1, "quote"),
    ])
    func `with a broken line says where and what was expected, and goes on`(line: String, column: Int, words: String) {
        let result = user("0 1 * * * first\n\(line)\n0 2 * * * last\n")
        #expect(result.jobs.map(\.line) == [1, 3])
        #expect(result.errors.count == 1)
        #expect(result.errors.first?.line == 2 && result.errors.first?.column == column, "\(result.errors)")
        #expect(result.errors.first?.message.contains(words) == true, "\(result.errors)")
    }

    @Test func `that lacks the user says so`() {
        let result = system("0 4 * * * backup\n")
        #expect(result.jobs.isEmpty)
        #expect(result.errors.first?.message.contains("a user and a command") == true)
    }

    @Test func `of any bytes is read without a trap`() {
        for character in "%\\\"'=@#~*\0\t/" {
            for place in 0...12 {
                var line = Array("0 4 * * * a%b")
                line[place] = character
                let result = system("X=1\n\(String(line))\n0 1 * * * root x")
                #expect(result.jobs.last?.line == 3)
            }
        }
    }
}

@Suite struct `The name of a crontab line` {
    private func names(_ commands: [String], file: String = "/etc/cron.d/box") -> [String] {
        system(commands.map { "0 1 * * * root \($0)\n" }.joined(), file).jobs.map(\.definition.name.text)
    }

    @Test(arguments: [
        ("/usr/bin/rotate --all", "box-rotate"), ("command -v scan > /dev/null && scan 1 1", "box-scan"),
        ("[ -x /usr/lib/clean ] && if [ ! -d /run/x ]; then /usr/lib/clean; fi", "box-clean"),
        ("if [ -x /opt/check ] && [ $(date +\\%d) -le 7 ]; then /opt/check --all; fi", "box-check"),
        ("test -e /run/x || MODE=1 /sbin/scrub -A", "box-scrub"),
        ("cd / && run-parts --report /etc/cron.daily", "box-cron.daily"),
        ("test -x /a || { cd / && run-parts --report /etc/cron.weekly; }", "box-cron.weekly"),
        ("perl -e 'sleep int(rand(9))' && renew -q", "box-renew"), ("sleep 10; fetch", "box-fetch"),
        ("[ -f /x ] && flock -n /run/lock /srv/manage.py jobs", "box-manage.py"),
        ("nice -n 10 ionice -c3 pack", "box-ionice"),
        ("/usr/sbin/box", "box"), ("true", "box-true"), ("'my program' x", "box-my"), ("Ünsal", "box-nsal"),
    ])
    func `is that of the file and of the program it is about`(command: String, name: String) {
        #expect(names([command]) == [name])
    }

    @Test func `is nobody else's, and the same every time`() {
        let commands = ["manage jobs hourly", "manage jobs daily", "manage jobs daily", "manage jobs daily", "manage"]
        let expected = ["box-manage", "box-manage-daily", "box-manage-2", "box-manage-3", "box-manage-4"]
        #expect(names(commands) == expected && names(commands) == expected)
    }

    @Test(arguments: [
        ("-", "crontab-x"), ("", "crontab-x"), ("/var/spool/cron/crontabs/ann", "ann-x"), (".-hidden", "hidden-x"),
        ("/etc/cron.d/php8.2", "php8.2-x"),
        (
            String(repeating: "long/", count: 50) + String(repeating: "n", count: 200),
            String(repeating: "n", count: 50) + "-x"
        ),
    ])
    func `fits the file`(file: String, name: String) {
        #expect(names(["x"], file: file) == [name])
    }
}
