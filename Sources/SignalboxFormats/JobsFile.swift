public import SignalboxCore

/// jobs.yaml: the jobs of a machine in one file, for `apply`, `check` and `diff`.
///
/// ```yaml
/// zone: Europe/Berlin          # for jobs that name none
/// handlers:                    # programs that live on and are given dispatches as lines of JSON
///   resize: {command: [python3, resize.py], env: {KEY: value}, cwd: /srv/photos}
/// jobs:
///   disk:                      # the job's name
///     every: 10s               # or cron: "*/5 * * * *" | at: TIME | boot: true | manual: true; exactly one
///     shell: df -h /           # or exec: [df, -h, /] | handler: resize | handler: {command: […]}; exactly one
///     queue: default
///     priority: 100            # 0 is first, 255 last
///     timeout: 30s
///     max_attempts: 3
///     retry: {base: 2s, factor: 2, cap: 1h, jitter: 0.1}
///     on_crash: retry          # or fail
///     overlap: skip            # or queue-one, queue-all, allow, replace, or {policy: allow, max: 3}
///     concurrency: {key: db, max: 2}          # at most two at once with that key, of all jobs
///     rate: {key: api, count: 10, per: 1m}    # at most ten starts with that key in any minute
///     start_by: 10m            # a later start is worth nothing: SKIPPED
///     catchup: latest          # or none, earliest, all, or {mode: all, window: 1h, max: 10}
///     env: {KEY: value}
///     cwd: /tmp
///     stdin: text              # for a handler instead: payload: {photo: 7}
///     user: backup             # as whom it runs; the worker's must be root
///     umask: 027
///     nice: 10
///     limits: {open_files: 1024, address_space: 512M}
///     success: [0, 3]          # exit codes; fatal: [64, 78] ends it without another attempt
///     idle_timeout: 5m         # ended when it prints nothing for so long
///     watchdog: 30s            # ended when it writes no `ping` to descriptor 3 for so long
///     kill_grace: 10s          # from SIGTERM to SIGKILL
///     zone: UTC
///     dst: cron                # with cron: skip, twice, utc
///     days: or                 # with cron: and
/// ```
public enum JobsFile {
    /// What a file defines, in its order.
    public struct Content: Hashable, Sendable {
        public var jobs: [JobDefinition]
        /// Those below `handlers`, then those that jobs define for themselves.
        public var handlers: [HandlerDefinition]
    }

    /// Reads every job: ``read(text:fileName:machine:zone:)`` without the handlers.
    public static func parse(
        text: String, fileName: String, machine: String = "", zone: ((String?) throws -> Zone)? = nil
    ) throws(FormatError) -> [JobDefinition] {
        try read(text: text, fileName: fileName, machine: machine, zone: zone).jobs
    }

    /// Reads every job and handler.
    /// - Parameters:
    ///   - fileName: for messages.
    ///   - machine: an id of the machine; with the job's name it is what `~` in a cron expression draws from.
    ///   - zone: finds a zone by its IANA name (nil: the machine's). With it zones are checked to exist, and `at:`
    ///     may be a local time; without it `at:` needs an offset.
    /// - Throws: `FormatError` for the first thing that is wrong, with line and column.
    public static func read(
        text: String, fileName: String, machine: String = "", zone: ((String?) throws -> Zone)? = nil
    ) throws(FormatError) -> Content {
        guard let root = try YAMLDocument.parse(text: text, fileName: fileName) else {
            throw FormatError(.missing, file: fileName, line: 1, column: 1, "the file is empty: expected a key jobs")
        }
        let fields = try YAMLFields(root, file: fileName, what: "a jobs file", keys: ["zone", "handlers", "jobs"])
        let reader = JobReader(
            machine: machine, findZone: zone, standardZone: try JobReader.zone(fields, find: zone))
        var content = Content(jobs: [], handlers: try HandlerReader.all(in: fields))
        guard let jobs = fields["jobs"] else {
            if fields["handlers"] != nil { return content }
            throw fields.error(fields.place, "expected a key jobs with the jobs below it", .missing)
        }
        if case .scalar(let scalar) = jobs.value.value, scalar.isNull { return content }
        guard case .mapping(let entries) = jobs.value.value else {
            throw fields.error(jobs.value.place, "jobs must be a mapping of names to jobs, not \(jobs.value.kind)")
        }
        for entry in entries {
            let (job, handler) = try reader.job(entry, file: fileName)
            content.jobs.append(job)
            guard let handler else { continue }
            guard !content.handlers.contains(where: { $0.name == handler.name }) else {
                throw fields.error(
                    entry.place,
                    "the job \(quoted(entry.key)) defines the handler of its name, which stands below handlers "
                        + "already: say handler: \(entry.key)", .conflict)
            }
            content.handlers.append(handler)
        }
        return content
    }
}
