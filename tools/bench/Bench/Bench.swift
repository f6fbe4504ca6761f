// Signalbox's side of the bench: one mode a process, each printing one line of JSON. `tools/bench/run` starts these
// beside the same modes of floor.c, in turns, and reads both; run by hand, every option shown has to be given:
//
//   bench enqueue   --store DIR --count N --batch N
//   bench life      --store DIR --count N --batch N --seconds N
//   bench drain     --store DIR --batch N                 begins when a line comes on standard input
//   bench callers   --store DIR --count N --callers N
//   bench worker    --store DIR                           claims what comes, one at a time, and says when it started it
//   bench producer  --store DIR                           enqueues one for each line on standard input
//   bench page      --store DIR --count N
//   bench schedules --store DIR --count N             so many jobs fall due in the same second
//   bench kept      --store DIR --count N --batch N --seconds N --filled N --keep TEXT
//   bench prune     --store DIR --count N --output BYTES  begins when a line comes on standard input
//   bench patience  --store DIR                           the same, and ends when another comes
//   bench sizes     --store DIR
//   bench cron      --expression TEXT --zone NAME --count N    no store; started by tools/bench/cron
import Glibc

@main
struct Bench {
    static func main() throws {
        let options = Options(CommandLine.arguments)
        switch options.mode {
        case "enqueue": try Subject(options).insert(options.number("count"), batch: options.number("batch"))
        case "life":
            try Subject(options).live(
                options.number("count"), batch: options.number("batch"), limit: .seconds(options.number("seconds")))
        case "drain": try Subject(options).drain(batch: options.number("batch"))
        case "callers": try Subject(options).gather(options.number("count"), callers: options.number("callers"))
        case "worker": try Subject(options).serveSingly()
        case "producer": try Subject(options).enqueueOnDemand()
        case "page": try Subject(options).showOverview(options.number("count"))
        case "schedules": try Subject(options).fireTogether(options.number("count"))
        case "kept":
            try Subject(options).live(
                options.number("count"), batch: options.number("batch"), limit: .seconds(options.number("seconds")),
                filled: options.number("filled"), keep: options.text("keep"))
        case "prune": try Subject(options).prune(options.number("count"), output: options.number("output"))
        case "patience": try Subject(options).enqueuePatiently()
        case "sizes": try measureSizes(options.text("store"))
        case "cron":
            try measureCron(options.text("expression"), zone: options.text("zone"), options.number("count"))
        default: options.fail("no mode \(options.mode)")
        }
    }
}

/// `MODE --name value …`, as the script that starts us writes them.
struct Options {
    let mode: String
    private var values: [String: String] = [:]

    init(_ words: [String]) {
        mode = words.count > 1 ? words[1] : ""
        for index in stride(from: 2, to: words.count - 1, by: 2) { values[words[index]] = words[index + 1] }
    }

    func text(_ name: String) -> String {
        guard let value = values["--\(name)"] else { fail("--\(name) is missing") }
        return value
    }

    func number(_ name: String) -> Int {
        guard let number = Int(text(name)) else { fail("--\(name) takes a number, not \(text(name))") }
        return number
    }

    func fail(_ reason: String) -> Never {
        let line = Array("bench: \(reason)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(64)
    }
}

/// Prints a line that who reads it has at once, also through a pipe.
func say(_ line: String) {
    print(line)
    fflush(nil)
}
