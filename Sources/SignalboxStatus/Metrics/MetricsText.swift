import SignalboxCore
import SignalboxStore

/// What /metrics answers; the article Metrics says what each of them is.
func metricsText(_ view: MetricsView, _ now: Now) -> String {
    var text = PrometheusText()
    text.addStore(view)
    text.addDispatches(view, now)
    text.addRuns(view.totals)
    text.addJobs(view)
    text.addWorkers(view, now)
    return text.text
}

extension PrometheusText {
    fileprivate mutating func addStore(_ view: MetricsView) {
        family("signalbox_store_info", .gauge, "The store that this is about; always 1.") {
            $0.add([("id", view.status.storeID), ("format", "\(view.status.formatVersion)")], 1)
        }
        value(
            "signalbox_store_changes_total", .counter, "Transactions that changed something a reader can see.",
            Double(view.status.sequence))
        value("signalbox_store_used_bytes", .gauge, "Bytes of the store in use.", Double(view.usedBytes))
        value(
            "signalbox_store_capacity_bytes", .gauge,
            "The most bytes that can be in use, by the store's limit or the disk's.",
            Double(view.capacityBytes))
        value(
            "signalbox_clock_held", .gauge, "1 while calendar jobs wait because the clock is not trusted.",
            view.status.clockHold == nil ? 0 : 1)
    }

    fileprivate mutating func addDispatches(_ view: MetricsView, _ now: Now) {
        value(
            "signalbox_dispatches_made_total", .counter, "Dispatches made since the store was.",
            Double(view.dispatchesMade))
        family("signalbox_dispatches", .gauge, "Dispatches in each state.") { samples in
            for state in DispatchState.allCases {
                samples.add([("state", state.name)], Double(view.status.count(state)))
            }
        }
        family("signalbox_queue_dispatches", .gauge, "Dispatches of each queue that have not ended, by state.") {
            for queue in view.status.queues {
                for state in DispatchState.allCases where !state.isTerminal {
                    $0.add([("queue", queue.name.text), ("state", state.name)], Double(queue.count(state)))
                }
            }
        }
        value(
            "signalbox_oldest_pending_age_seconds", .gauge,
            "Since the PENDING dispatch was made that was made first; 0 when none is.",
            max(0, view.oldestPending.map { $0.duration(to: now.wall).inSeconds } ?? 0))
    }

    fileprivate mutating func addRuns(_ totals: RunTotals) {
        family("signalbox_runs_total", .counter, "Dispatches that ran to their end, by how that was.") {
            $0.add([("outcome", "success")], Double(totals.tally.successes))
            $0.add([("outcome", "failed")], Double(totals.tally.failures))
        }
        family("signalbox_run_duration_seconds", .histogram, "How long the last attempt of each run took.") { samples in
            let durations = totals.tally.durations
            // One microsecond less than a power of two of them, where a bin of the store's own histogram ends.
            for power in stride(from: 9, through: 37, by: 2) {
                let limit = Duration.microseconds((1 << power) - 1)
                samples.add(
                    [("le", "\(limit.inSeconds)")], suffix: "_bucket", Double(durations.count(through: limit)))
            }
            samples.add([("le", "+Inf")], suffix: "_bucket", Double(durations.total))
            samples.add([], suffix: "_sum", totals.tally.totalDuration.inSeconds)
            samples.add([], suffix: "_count", Double(durations.total))
        }
    }

    fileprivate mutating func addJobs(_ view: MetricsView) {
        value("signalbox_jobs", .gauge, "Jobs there are.", Double(view.status.jobs))
        let jobs = view.jobs
        jobGauge("signalbox_job_paused", "1 while the job is paused.", jobs) { $0.view.job.progress.paused ? 1 : 0 }
        jobGauge("signalbox_job_running", "Dispatches of the job that are IN_PROGRESS.", jobs) {
            Double($0.view.running)
        }
        jobGauge("signalbox_job_waiting", "Dispatches of the job that are SCHEDULED, BLOCKED or PENDING.", jobs) {
            Double($0.view.waiting)
        }
        family("signalbox_job_runs_total", .counter, "Runs of the job that ended, by how that was.") {
            for job in jobs {
                let name = job.view.name.text
                $0.add([("job", name), ("outcome", "success")], Double(job.totals.tally.successes))
                $0.add([("job", name), ("outcome", "failed")], Double(job.totals.tally.failures))
            }
        }
        family("signalbox_job_run_duration_seconds", .summary, "How long the runs of the job took.") {
            for job in jobs {
                let tally = job.totals.tally
                $0.add([("job", job.view.name.text)], suffix: "_sum", tally.totalDuration.inSeconds)
                $0.add([("job", job.view.name.text)], suffix: "_count", Double(tally.durations.total))
            }
        }
        jobGauge("signalbox_job_last_run_timestamp_seconds", "When the job's newest run ended.", jobs) {
            $0.view.job.progress.lastRun?.finishedAt.inSeconds
        }
        jobGauge("signalbox_job_last_run_success", "1 when the job's newest run succeeded, 0 when it failed.", jobs) {
            $0.view.job.progress.lastRun.map { $0.state == .success ? 1 : 0 }
        }
        jobGauge("signalbox_job_last_run_duration_seconds", "How long the job's newest run took.", jobs) {
            $0.lastDuration?.inSeconds
        }
        jobGauge("signalbox_job_last_success_timestamp_seconds", "When a run of the job last succeeded.", jobs) {
            $0.totals.lastSuccess?.inSeconds
        }
        jobGauge("signalbox_job_next_run_timestamp_seconds", "When the job is next due.", jobs) {
            $0.view.job.progress.nextDue?.inSeconds
        }
    }

    /// - Parameter value: nil: this job has none.
    private mutating func jobGauge(
        _ name: StaticString, _ help: StaticString, _ jobs: [JobMetrics], _ value: (JobMetrics) -> Double?
    ) {
        family(name, .gauge, help) { samples in
            for job in jobs { if let value = value(job) { samples.add([("job", job.view.name.text)], value) } }
        }
    }

    fileprivate mutating func addWorkers(_ view: MetricsView, _ now: Now) {
        family("signalbox_workers", .gauge, "Workers, by whether they take new work.") { samples in
            for state in WorkerState.allCases where state.isActive {
                let count = view.workers.count { $0.registration.state == state }
                samples.add([("state", state.word)], Double(count))
            }
        }
        let workers = view.workers
        workerFamily("signalbox_worker_heartbeat_age_seconds", .gauge, "Since the worker's last heartbeat.", workers) {
            $0.heartbeat.map { max(0, $0.at.boot.duration(to: now.boot).inSeconds) }
        }
        workerFamily("signalbox_worker_start_time_seconds", .gauge, "When the worker started.", workers) {
            $0.registration.startedAt.inSeconds
        }
        workerFamily("signalbox_worker_slots", .gauge, "How many dispatches the worker runs at once.", workers) {
            Double($0.registration.slots)
        }
        workerFamily("signalbox_worker_running", .gauge, "Dispatches that the worker has.", workers) {
            Double($0.running)
        }
        workerFamily("signalbox_worker_processed_total", .counter, "Attempts that the worker has ended.", workers) {
            $0.heartbeat.map { Double($0.processed) }
        }
        workerFamily("signalbox_worker_failed_total", .counter, "Those of them that did not succeed.", workers) {
            $0.heartbeat.map { Double($0.failed) }
        }
    }

    private mutating func workerFamily(
        _ name: StaticString, _ kind: Kind, _ help: StaticString, _ workers: [WorkerView],
        _ value: (WorkerView) -> Double?
    ) {
        family(name, kind, help) { samples in
            for worker in workers {
                let labels: [(StaticString, String)] = [("worker", worker.registration.name), ("id", "\(worker.id)")]
                if let value = value(worker) { samples.add(labels, value) }
            }
        }
    }
}

extension Duration {
    fileprivate var inSeconds: Double { Double(microseconds) / 1_000_000 }
}

extension Instant {
    fileprivate var inSeconds: Double { Double(microseconds) / 1_000_000 }
}
