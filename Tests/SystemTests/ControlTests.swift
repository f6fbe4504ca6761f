import Glibc
import Testing

/// What commands say on descriptor 3, and what becomes of those that say nothing.
@Suite struct `A command that speaks to its worker` {
    @Test func `is started again after its snooze, and none of its starts counts but the last`() async throws {
        try await withBox { box in
            _ = try box.startWorker()
            let id = try box.enqueue(
                shell: """
                    echo start >>\(box.path("starts")); echo said by start $(wc -l <\(box.path("starts")))
                    if [ $(wc -l <\(box.path("starts"))) -lt 3 ]; then echo snooze 1s >&3; fi
                    """)
            #expect(
                try box.succeed("logs", "\(id)", "--follow")
                    == "said by start 1\nsaid by start 2\nsaid by start 3\n")
            let dispatch = try box.dispatch(id)
            #expect(dispatch["state"] == "SUCCESS")
            #expect(dispatch["attempt"] == 1)
            #expect(dispatch["snoozes"] == 2)
            #expect(dispatch["attempts"].count == 3)
            #expect(dispatch["attempts"][0]["reason"] == "snoozed")
            #expect(dispatch["attempts"][2]["number"] == 3)
        }
    }

    @Test func `leaves its result and its tags, and what it says wrong does not matter`() async throws {
        try await withBox { box in
            _ = try box.startWorker()
            let id = try box.enqueue(
                shell: """
                    echo 'result {"rows": [1, 2.5], "ok": true, "note": null}' >&3
                    echo 'tag customer=acme & sons' >&3; echo result nonsense >&3; echo dance >&3
                    head -c 100000 /dev/zero >&3; echo >&3; printf 'tag last=<line>' >&3
                    """)
            try box.succeed("logs", "\(id)", "--follow")
            let attempt = try box.dispatch(id)["attempts"][0]
            #expect(attempt["result"]["rows"][1] == .number(2.5))
            #expect(attempt["result"]["ok"] == true)
            #expect(attempt["tags"]["customer"] == "acme & sons")
            #expect(attempt["tags"]["last"] == "<line>")
            let shown = try box.succeed("dispatch", "\(id)")
            #expect(shown.contains("acme & sons") && shown.contains(#"{"rows": [1, 2.5], "ok": true, "note": null}"#))
        }
    }

    @Test func `is ended when it says nothing for too long, in either way, and goes on when it does`() async throws {
        try await withBox { box in
            let never = try box.makeFifo("never")
            try box.write(
                """
                jobs:
                  silent:
                    manual: true
                    shell: echo begun; read line <\(never.path)
                    idle_timeout: 300ms
                  hung:
                    manual: true
                    shell: while true; do echo still here; sleep 0.05; done
                    watchdog: 300ms
                  alive:
                    manual: true
                    shell: for i in 1 2 3 4 5 6; do sleep 0.1; echo ping >&3; done
                    idle_timeout: 15m
                    watchdog: 15m

                """, to: "jobs.yaml")
            try box.succeed("apply", "jobs.yaml")
            _ = try box.startWorker("--slots", "3")
            for (job, state, reason) in [("silent", "FAILED", "idle_timeout"), ("hung", "FAILED", "watchdog")] {
                let dispatch = try JSONValue(box.run("run", job, "--wait", "--json").output)
                #expect(dispatch["state"].text == state)
                #expect(dispatch["reason"].text == reason)
                #expect(dispatch["signal"] == 15)
            }
            #expect(try box.run("run", "alive", "--wait").status == 0)
        }
    }
}

@Suite struct `A command that is to end` {
    @Test func `and refuses to is killed when its grace is over, with all that it started`() async throws {
        try await withBox { box in
            try box.write(
                """
                jobs:
                  stubborn:
                    manual: true
                    shell: |
                      trap '' TERM
                      (setsid sh -c 'trap "" TERM; (setsid sh -c "echo \\$\\$ >>\(box.path("processes")); sleep 1000" &); echo $$ >>\(box.path("processes")); while :; do sleep 1; done' &)
                      echo $$ >>\(box.path("processes")); while :; do sleep 1; done
                    kill_grace: 200ms

                """, to: "jobs.yaml")
            try box.succeed("apply", "jobs.yaml")
            _ = try box.startWorker()
            try box.succeed("run", "stubborn")
            try box.until("the tree stands") { try box.lines(of: "processes").count == 3 }
            #expect(try box.succeed("cancel", "1", "--wait") == "dispatch 1: CANCELLED\n")
            for process in try box.lines(of: "processes") { #expect(try !isAlive(process)) }
            #expect(try box.dispatch(1)["signal"] == 9)
        }
    }

    @Test func `at once has no grace, also when it was first asked to end in good order`() async throws {
        try await withBox { box in
            _ = try box.startWorker("--slots", "2")
            let line =
                "trap 'echo asked >>\(box.path("asked"))' TERM; echo $$ >>\(box.path("processes")); while :; do sleep 0.01; done"
            let (first, second) = (try box.enqueue(shell: line), try box.enqueue(shell: line))
            try box.until("both run") { try box.lines(of: "processes").count == 2 }
            #expect(try box.succeed("cancel", "\(first)", "--now", "--wait") == "dispatch \(first): CANCELLED\n")
            try box.succeed("cancel", "\(second)")
            #expect(try box.succeed("cancel", "\(second)", "--now", "--wait") == "dispatch \(second): CANCELLED\n")
            for process in try box.lines(of: "processes") { #expect(try !isAlive(process)) }
        }
    }

    @Test func `and is stopped goes on, and obeys`() async throws {
        try await withBox { box in
            let never = try box.makeFifo("never")
            _ = try box.startWorker()
            let id = try box.enqueue(
                shell: """
                    trap 'echo obeyed; exit 7' TERM
                    sh -c 'kill -STOP $PPID; echo $PPID >>\(box.path("stopped"))'; read line <\(never.path)
                    """)
            try box.until("it is stopped") { try box.lines(of: "stopped").count == 1 }
            #expect(try box.succeed("cancel", "\(id)", "--wait") == "dispatch \(id): CANCELLED\n")
            #expect(try box.succeed("logs", "\(id)") == "obeyed\n")
            #expect(try box.dispatch(id)["exit_code"] == 7)
        }
    }
}

@Suite struct `A job whose process is set up` {
    @Test func `runs so, and shows how`() async throws {
        try await withBox { box in
            try box.succeed(
                "add", "job", "--manual", "--umask", "027", "--nice", "5", "--limit", "open_files=64", "--limit",
                "core=0", "--shell", "umask; nice; ulimit -n; ulimit -c; ls /proc/self/fd | tr '\\n' ' '")
            _ = try box.startWorker()
            // ls has one more open: the folder that it lists.
            #expect(try box.succeed("run", "job", "--follow") == "1\n0027\n5\n64\n0\n0 1 2 3 4 ")
            let settings = try box.json("job", "job")["settings"]
            #expect(settings["umask"] == "027")
            #expect(settings["nice"] == 5)
            #expect(settings["limits"]["open_files"] == "64")
            #expect(try box.succeed("job", "job").contains("core 0, open_files 64"))
            #expect(try box.succeed("dispatch", "1").contains("core 0, open_files 64"))
            for wrong in [["--umask", "9"], ["--nice", "40"], ["--limit", "x=1"], ["--env", "SIGNALBOX_JOB=x"]] {
                let words = [Box.command, "add", "other", "--manual"] + wrong + ["--", "true"]
                #expect(try box.run(program: words).status == 64)
            }
        }
    }

    @Test func `succeeds, fails and fails for good with the codes that it names`() async throws {
        try await withBox { box in
            try box.write(
                """
                jobs:
                  job:
                    manual: true
                    shell: exit $(cat)
                    success: [0, 3]
                    fatal: [9]
                    max_attempts: 2
                    retry: {base: 1ms, cap: 1ms}

                """, to: "jobs.yaml")
            try box.succeed("apply", "jobs.yaml")
            _ = try box.startWorker()
            for (code, state, attempts) in [(3, "SUCCESS", 1), (9, "FAILED", 1), (64, "FAILED", 2)] {
                try box.write("\(code)", to: "code")
                let dispatch = try JSONValue(box.run("run", "job", "--wait", "--json", "--payload", "code").output)
                #expect(dispatch["state"].text == state)
                #expect(dispatch["attempts"].count == attempts)
            }
        }
    }
}
