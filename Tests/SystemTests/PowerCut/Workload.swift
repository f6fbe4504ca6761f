import Glibc

/// What is done to a store while it is recorded.
struct Workload {
    private let box: Box

    init(_ box: Box) { self.box = box }

    /// A scheduler, two workers and many clients: schedules that fall due, output, failures, cancellations, requeued
    /// dispatches, pauses, many requests at once.
    func run() throws {
        try box.write(
            """
            jobs:
              beat: {every: 250ms, shell: 'echo beat'}
              other: {every: 1h, shell: 'true'}
              manual: {manual: true, shell: 'seq 1 500'}
            """, to: "jobs.yaml")
        try box.succeed("apply", "jobs.yaml")
        let never = try box.makeFifo("never")
        let processes =
            [try box.start("scheduler")] + (try (1...2).map { try box.startWorker("--name", "w\($0)", "--slots", "2") })
        for round in 1...4 {
            try clients(round, never)
            try box.succeed("pause", round == 3 ? "beat" : "other")
            if round < 4 { try box.succeed("resume", "other") }
        }
        try end(processes)
    }

    /// One worker, and some dispatches.
    func runBriefly() throws {
        let worker = try box.startWorker("--slots", "1")
        for number in 1...4 {
            let id = try box.enqueue(shell: "seq 1 \(number * 100)")
            try worker.waitForLine("dispatch \(id), attempt 1: SUCCESS")
        }
        try end([worker])
        try box.succeed("enqueue", "--", "true")
    }

    private func clients(_ round: Int, _ never: Fifo) throws {
        let running = try box.enqueue(shell: "echo started >>\(box.path("started")); read line <\(never.path)")
        let bulk = try box.run(
            program: [Box.command, "enqueue", "--stdin", "--json"],
            input: String(repeating: "{\"command\": [\"true\"]}\n", count: 8))
        guard bulk.status == 0 else { throw TestFailure(bulk.errors) }
        let late = try box.number(of: box.succeed("enqueue", "--delay", "1h", "--", "true"))
        try box.succeed("cancel", "\(late)")
        let failing = try box.number(
            of: box.succeed("enqueue", "--max-attempts", "1", "--shell", "seq 1 \(round * 300); exit 3"))
        _ = try box.run("logs", "\(failing)", "--follow")
        try box.succeed("requeue", "\(failing)")
        try box.succeed("run", "manual")
        try box.until("it runs") { try box.lines(of: "started").count == round }
        try box.succeed("cancel", "\(running)", "--now", "--wait")
    }

    private func end(_ processes: [ChildProcess]) throws {
        for process in processes {
            process.signal(SIGTERM)
            let ending = try process.wait()
            guard ending == .exited(0) else { throw TestFailure("\(process.name): \(ending)") }
        }
    }
}
