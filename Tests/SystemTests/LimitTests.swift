import Glibc
import Testing

@Suite struct `Limits that several workers share` {
    /// Method: each command notes that it runs and counts which of the others do; it takes its note away at its end. A
    /// worker is killed meanwhile, with whatever it runs.
    @Test func `let no more than two with a key run at once, though a worker is killed`() async throws {
        try await withBox { box in
            let count = 30
            guard mkdir(box.path("running"), 0o755) == 0 else { throw TestFailure("mkdir: \(errnoText())") }
            try box.write(countingScript(box), to: "count.sh")
            let lines = (1...count).map { number in
                let queue = number % 2 == 0 ? "default" : "other"
                let command = "[\"sh\", \"\(box.path("count.sh"))\"]"
                return "{\"command\": \(command), \"queue\": \"\(queue)\", \"concurrency\": \"database:2\"}\n"
            }
            #expect(try box.run(program: [Box.command, "enqueue", "--stdin"], input: lines.joined()).status == 0)
            let workers = try (1...3).map {
                try box.startWorker("--name", "worker-\($0)", "--slots", "4", "--queues", "default,other")
            }
            try box.until("some ran") { try box.lines(of: "counts").count >= 6 }
            workers[0].end()
            try box.until("every command ran") { try Set(box.lines(of: "ended")).count == count }
            for worker in workers.dropFirst() {
                worker.signal(SIGTERM)
                #expect(try worker.wait() == .exited(0))
            }
            #expect(try box.lines(of: "counts").compactMap { Int($0) }.max() == 2)
            #expect(try box.json("status")["dispatches"]["SUCCESS"] == .number(Double(count)))
        }
    }

    private func countingScript(_ box: Box) -> String {
        """
        cd \(box.folder)
        echo >running/$$
        count=0
        for note in running/*; do
            if grep -q '^State:.[^ZX]' /proc/${note#running/}/status; then count=$((count + 1)); fi
        done 2>/dev/null
        echo $count >>counts
        step=0
        while [ $step -lt 20000 ]; do step=$((step + 1)); done
        rm running/$$
        echo $SIGNALBOX_DISPATCH >>ended

        """
    }

    /// Method: the store's own times of the starts are looked at. That all are started shows that workers wake up.
    @Test func `start no more than a rate allows, and all in the end`() async throws {
        try await withBox { box in
            let line = "echo $SIGNALBOX_DISPATCH >>\(box.path("ran"))"
            try box.succeed("enqueue", "--", "true")
            try box.succeed("queue", "slow", "--rate", "3/300ms")
            let workers = try (1...2).map {
                try box.startWorker("--name", "worker-\($0)", "--slots", "4", "--queues", "default,slow")
            }
            for _ in 1...8 {
                try box.succeed("enqueue", "--rate", "api:3/300ms", "--shell", line)
                try box.succeed("enqueue", "--queue", "slow", "--shell", line)
            }
            try box.until("every command ran") { try box.lines(of: "ran").count == 16 }
            for worker in workers {
                worker.signal(SIGTERM)
                #expect(try worker.wait() == .exited(0))
            }
            for queue in ["default", "slow"] {
                let dispatches = try box.jsonList("dispatches", "--queue", queue, "--limit", "8")
                let times = try dispatches.map { try seconds(of: $0["started_at"].text) }
                // A day may have ended meanwhile.
                let isAtMidnight = (times.max() ?? 0) - (times.min() ?? 0) > 43_200
                let starts = times.map { $0 < 43_200 && isAtMidnight ? $0 + 86_400 : $0 }.sorted()
                #expect(starts.count == 8)
                for (start, fourth) in zip(starts, starts.dropFirst(3)) {
                    // The wall clock, by which starts are told, may go a little slower than real time.
                    #expect(fourth - start > 0.299, "\(queue): \(starts)")
                }
            }
            #expect(try box.json("queue", "slow")["rate"] == "3/300ms")
        }
    }

    /// Seconds since a day's beginning, in a time of this day or the one before.
    private func seconds(of text: String?) throws -> Double {
        let parts = text?.dropLast().split(separator: "T") ?? []
        let time = parts.last?.split(separator: ":").compactMap { Double($0) } ?? []
        guard parts.count == 2, time.count == 3 else { throw TestFailure("\(text ?? "nothing") is no time") }
        return time[0] * 3600 + time[1] * 60 + time[2]
    }
}

@Suite struct `A paused queue on the command line` {
    @Test func `keeps what is in it until it is resumed, which wakes an idle worker`() async throws {
        try await withBox { box in
            #expect(try box.succeed("pause", "--queue", "mail", "--reason", "relay down") == "paused the queue mail\n")
            _ = try box.startWorker("--queues", "mail,default")
            try box.succeed("enqueue", "--queue", "mail", "--shell", "echo letter >>\(box.path("ran"))")
            try box.succeed("enqueue", "--shell", "echo other >>\(box.path("ran"))")
            try box.until("the other ran") { try box.lines(of: "ran") == ["other"] }
            let queue = try #require(try box.jsonList("queues").first { $0["name"] == "mail" })
            #expect(queue["paused"] == true && queue["pause_reason"] == "relay down" && queue["workers"] == 1)
            #expect(queue["dispatches"]["PENDING"] == 1 && queue["oldest_waiting_at"].text != nil)
            #expect(try box.succeed("status").contains("The queue mail is paused"))
            #expect(try box.succeed("pause", "--queue", "mail").contains("paused already"))
            #expect(try box.succeed("resume", "--queue", "mail") == "resumed the queue mail\n")
            try box.until("the letter ran") { try box.lines(of: "ran") == ["other", "letter"] }
            #expect(try box.succeed("resume", "--queue", "mail") == "the queue mail was not paused\n")
        }
    }

    @Test func `is told apart from a job, and limits are read or refused with a sentence`() async throws {
        try await withBox { box in
            for arguments in [
                ["pause"], ["pause", "job", "--queue", "mail"], ["resume"], ["resume", "--queue", "mail", "--catchup"],
                ["queue", "mail", "--rate", "10"], ["enqueue", "--rate", "api", "--", "true"],
                ["enqueue", "--concurrency", "database:0", "--", "true"],
            ] {
                let finished = try box.run(program: [Box.command] + arguments)
                #expect(finished.status == 64 && !finished.errors.isEmpty, "\(arguments): \(finished.errors)")
            }
            let id = try box.number(
                of: box.succeed("enqueue", "--concurrency", "a:b:3", "--rate", "x:y:1/1m", "--", "true"))
            #expect(try box.dispatch(id)["concurrency"] == "a:b:3" && box.dispatch(id)["rate"] == "x:y:1/1m")
        }
    }
}
