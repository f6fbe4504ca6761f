"""Runs the floor (floor.c) and Signalbox (Bench/) in turns on stores of the same shape, and the built command by
itself; prints tables and the budgets that are to be kept, and writes every figure to a JSON file. tools/bench/run
builds what is needed and starts it.

Everything lies in temporary folders, which are removed; nothing runs longer than its limit. Times are medians over
rounds, with half the distance between the lowest and the highest as the spread. CPU is that of all threads, kernel
included, and a busy machine disturbs it less than the wall's time; instructions (counted when valgrind is installed) it
does not disturb at all. Ratios compare what ran in the same round.
"""

import argparse
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import platform
import re
import resource
import select
import shutil
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time

LIMIT = 120  # seconds that any process may take
BATCHES = [1, 10, 100, 1000]
# Lives a round, by dispatches per transaction: enough to measure, not more.
LIVES = {
    "memory": {1: 2000, 10: 10_000, 100: 20_000, 1000: 20_000},
    "disk": {1: 100, 10: 1000, 100: 8000, 1000: 20_000},
}
SO_TIMESTAMPNS = 35  # Linux's number, which Python has no name for
PARTS = ["enqueue", "claim", "complete"]
DISPATCHES = 1_000_000  # the large store


def arguments():
    parser = argparse.ArgumentParser(prog="tools/bench/run", description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="small cases and one round, within a minute")
    parser.add_argument("--running", action="store_true", help="only how commands are run, some 3 minutes")
    parser.add_argument("--retention", action="store_true", help="only what keeping and pruning cost, some 2 minutes")
    parser.add_argument("--huge", action="store_true", help="also a backlog of 10,000,000: 12 GB of memory")
    parser.add_argument("--rounds", type=int, help="how often each is measured (default: 3, with --quick 1)")
    parser.add_argument("--memory-folder", default="/dev/shm", help="a folder on tmpfs (default: /dev/shm)")
    parser.add_argument("--disk-folder", help="a folder on the disk to measure (default: that of the JSON file)")
    parser.add_argument("--json", required=True, help="where all figures go")
    parser.add_argument("--floor", required=True, help="the compiled floor.c")
    parser.add_argument("--load", required=True, help="the compiled load.c")
    parser.add_argument("--bench", required=True, help="the built bench")
    parser.add_argument("--signalbox", required=True, help="the built command")
    return parser.parse_args()


# Figures


def summary(values):
    middle = statistics.median(values)
    spread = (max(values) - min(values)) / 2
    return {"median": middle, "spread": spread, "values": values}


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def show(figure, digits=1):
    if len(figure["values"]) == 1:
        return f"{figure['median']:,.{digits}f}"
    return f"{figure['median']:,.{digits}f} ±{figure['spread']:,.{digits}f}"


def ratio(ours, others, key):
    """The median of what each round came to."""
    return statistics.median(mine[key] / other[key] for mine, other in zip(ours, others))


def table(title, heads, rows, out):
    lines = [heads] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    out(f"\n{title}")
    for line in lines:
        out("  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths)))


# Processes


class Failure(Exception):
    pass


def run(*words):
    """The one line of JSON that a process prints."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=LIMIT)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, words))}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


@contextlib.contextmanager
def started(words):
    """Processes that talk through pipes, each after it has said that it is ready; killed at the end if they live on."""
    processes = []
    try:
        for line in words:
            words = [str(word) for word in line]
            processes.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        for process in processes:
            if process.stdout.readline() != "ready\n":
                raise Failure(f"{process.args}: did not start")
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


# The two that are compared


class Subject:
    """The floor or Signalbox: how its modes are started, and its stores by their backlog."""

    def __init__(self, name, command, extra, folder):
        self.name, self.command, self.extra = name, command, extra
        self.templates = folder / f"{name}-templates"
        self.templates.mkdir()

    def words(self, mode, store, **options):
        words = [self.command, mode, "--store", store] + self.extra
        for name, value in options.items():
            words += [f"--{name}", value]
        return words

    def run(self, mode, store, **options):
        return run(*self.words(mode, store, **options))

    def template(self, backlog):
        store = self.templates / str(backlog)
        if not store.exists():
            self.run("enqueue", store, count=backlog, batch=10_000)
        return store

    def fresh(self, backlog, folder):
        """A copy of the store with this backlog, of its own and on the disk."""
        store = folder / f"{self.name}-{backlog}-{time.monotonic_ns()}"
        store.mkdir()
        data = store / "data.mdb"
        shutil.copyfile(self.template(backlog) / "data.mdb", data)
        if (self.template(backlog) / "open.lock").exists():
            shutil.copyfile(self.template(backlog) / "open.lock", store / "open.lock")
        with open(data, "rb+") as file:
            os.fdatasync(file.fileno())
        return store


class Bench:
    def __init__(self, options, folder, disk):
        self.options, self.folder = options, folder
        self.media = {"memory": folder, "disk": disk}
        self.rounds = options.rounds or (1 if options.quick else 3)
        self.figures = {}
        self.sizes = run(options.bench, "sizes", "--store", folder / "sizes")
        self.floor = Subject("floor", options.floor, ["--sizes", self.size_list()], folder)
        self.signalbox = Subject("signalbox", options.bench, [], folder)
        self.subjects = [self.floor, self.signalbox]

    def size_list(self):
        values = self.sizes["values"]
        change = round((self.sizes["event100"] - self.sizes["event1"]) / 99)
        sizes = [values[name] for name in ("requests", "dispatches", "attempts", "counters", "meta", "history")]
        return ",".join(str(size) for size in sizes + [self.sizes["event1"] - change, change])

    def turns(self, round_number):
        """Who goes first alternates."""
        return self.subjects if round_number % 2 == 0 else self.subjects[::-1]

    def pair(self, rounds, measure):
        """What `measure(subject)` gave for both, round by round, as {name: [result]}."""
        results = {"floor": [], "signalbox": []}
        for number in range(rounds):
            for subject in self.turns(number):
                results[subject.name].append(measure(subject))
        return results

    # The floor does what Signalbox does

    def compare_operations(self, out):
        mine = self.sizes["operations"]
        store = self.folder / "operations"
        first, second = (self.floor.run("life", store, count=100, batch=100, seconds=60) for _ in range(2))
        theirs = {"put": second["puts"], "delete": second["deletes"]}
        self.figures["operations"] = {"signalbox": mine, "floor": theirs, "sizes": self.size_list()}
        out(f"A hundred lives at a hundred a transaction: {mine['put']} puts, {mine['delete']} deletes, "
            f"{mine['get']} gets, {mine['scan']} scans; floor: {theirs['put']} puts, {theirs['delete']} deletes")
        for name, count in theirs.items():
            if abs(mine[name] - count) > 0.01 * count:
                out(f"WARNING: the floor is out of date: {count} {name}s against {mine[name]}; see floor.c")

    # Enqueue, claim, complete and the whole life

    def lives(self, medium, backlog, batches):
        stores = {subject.name: subject.fresh(backlog, self.media[medium]) for subject in self.subjects}
        rows = []
        for batch in batches:
            count = LIVES[medium][batch] // (4 if self.options.quick else 1)
            count = max(batch, count)
            results = self.pair(self.rounds, lambda subject: self.disk_bytes(medium, lambda: subject.run(
                "life", stores[subject.name], count=count, batch=batch, seconds=5)))
            rows.append(self.life_row(medium, backlog, batch, results))
        for store in stores.values():
            shutil.rmtree(store)
        return rows

    def disk_bytes(self, medium, measure):
        """Adds what the whole disk wrote meanwhile; others' writes count too."""
        if medium != "disk":
            return measure()
        before = sectors_written(self.media["disk"])
        result = measure()
        result["disk"] = (sectors_written(self.media["disk"]) - before) * 512
        return result

    def life_row(self, medium, backlog, batch, results):
        row = {"medium": medium, "backlog": backlog, "batch": batch}
        for name, rounds in results.items():
            row[name] = {
                "life": summary([sum(one[part]["cpu"] for part in PARTS) / one["count"] / 1000 for one in rounds]),
                "per second": summary(
                    [one["count"] / sum(one[part]["wall"] for part in PARTS) * 1e9 for one in rounds]),
                "written": summary([one["written"] / one["count"] for one in rounds]),
            }
            for part in PARTS:
                row[name][part] = summary([one[part]["cpu"] / one["count"] / 1000 for one in rounds])
                row[name][f"{part} per second"] = summary([one["count"] / one[part]["wall"] * 1e9 for one in rounds])
            if medium == "disk":
                row[name]["disk"] = summary([one["disk"] / one["count"] for one in rounds])
        row["ratio"] = {
            name: statistics.median(
                mine / theirs for mine, theirs in zip(row["signalbox"][name]["values"], figure["values"]))
            for name, figure in row["floor"].items()
        }
        return row

    def all_lives(self, out):
        backlogs = [0, 10_000] if self.options.quick else [0, 100_000, DISPATCHES]
        backlogs += [10_000_000] if self.options.huge else []
        rows = self.lives("memory", 1000, [100])
        for medium in self.media:
            for backlog in backlogs if medium == "memory" or not self.options.quick else [0]:
                rows += self.lives(medium, backlog, BATCHES)
        self.figures["life"] = rows
        table(
            "The life of a dispatch: CPU µs (floor → Signalbox), lives a second, bytes given to write(2) a life",
            ["on", "backlog", "a transaction", "floor", "Signalbox", "ratio", "enqueue", "claim", "complete", "floor/s",
             "Signalbox/s", "bytes floor", "bytes", "ratio"],
            [[row["medium"], f"{row['backlog']:,}", f"{row['batch']:,}", show(row["floor"]["life"], 2),
              show(row["signalbox"]["life"], 2), f"{row['ratio']['life']:.2f}"]
             + [f"{row['ratio'][part]:.2f}" for part in PARTS]
             + [show(row["floor"]["per second"], 0), show(row["signalbox"]["per second"], 0),
                f"{row['floor']['written']['median']:,.0f}", f"{row['signalbox']['written']['median']:,.0f}",
                f"{row['ratio']['written']:.2f}"] for row in rows], out)

    def instructions(self, out):
        """Of a life at a hundred a transaction, the kernel's left out: the same on a busy machine as on a quiet one."""
        if shutil.which("valgrind") is None:
            out("\nvalgrind is not installed: instructions are not counted")
            return
        counts = {}
        keeping = Subject("floor-cursors", self.floor.command, self.floor.extra + ["--cursors", "kept"], self.folder)
        for subject in self.subjects + [keeping]:
            # valgrind stumbles over Swift's debug information.
            program = self.folder / f"{subject.name}-stripped"
            subprocess.run(["strip", "--strip-debug", "-o", program, subject.command], check=True, timeout=LIMIT)
            few, many = (self.count_instructions(program, subject, count) for count in (1000, 2000))
            counts[subject.name] = (many - few) / 1000
        counts["ratio"] = counts["signalbox"] / counts["floor"]
        self.figures["instructions"] = counts
        out(f"\nInstructions a life at 100 a transaction: floor {counts['floor']:,.0f}, "
            f"Signalbox {counts['signalbox']:,.0f}, ratio {counts['ratio']:.2f}; "
            f"a floor that keeps its cursors {counts['floor-cursors']:,.0f}")

    def count_instructions(self, program, subject, count):
        store = self.folder / "instructions"
        words = subject.words("life", store, count=count, batch=100, seconds=LIMIT)
        words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program] + words[1:]
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=LIMIT)
        shutil.rmtree(store)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if found is None:
            raise Failure(f"callgrind: {done.stderr.strip()[-500:]}")
        return int(found[1])

    # Several processes on one store

    def drain(self, subject, medium, backlog, processes, batch=64):
        store = subject.fresh(backlog, self.media[medium])
        words = []
        for number in range(processes):
            worker = {"worker": number + 1} if subject is self.floor else {}
            words.append(subject.words("drain", store, batch=batch, **worker))
        with started(words) as running:
            for process in running:
                process.stdin.write("\n")
                process.stdin.flush()
            results = [json.loads(process.communicate(timeout=LIMIT)[0]) for process in running]
        shutil.rmtree(store)
        done = sum(one["count"] for one in results)
        if done != backlog:
            raise Failure(f"{subject.name}: {done} of {backlog} were drained")
        time_taken = max(one["ended"] for one in results) - min(one["began"] for one in results)
        return {"per second": done / time_taken * 1e9, "cpu": sum(one["drain"]["cpu"] for one in results) / done / 1000}

    def drains(self, out):
        backlog = 20_000 if self.options.quick else 100_000
        cases = [(medium, count) for medium in self.media for count in ([1, 2] if self.options.quick else [1, 2, 4])]
        results = {case: {"floor": [], "signalbox": []} for case in cases}
        # One, two and four processes in one round: they are compared with each other too.
        for number in range(self.rounds):
            for medium, count in cases:
                for subject in self.turns(number):
                    results[medium, count][subject.name].append(self.drain(subject, medium, backlog, count))
        rows = []
        for (medium, count), both in results.items():
            row = {"medium": medium, "backlog": backlog, "processes": count}
            for name, rounds in both.items():
                row[name] = {key: summary([one[key] for one in rounds]) for key in ("per second", "cpu")}
                row[name]["against one"] = ratio(rounds, results[medium, 1][name], "per second")
            row["ratio"] = ratio(both["signalbox"], both["floor"], "per second")
            rows.append(row)
        self.figures["drain"] = rows
        table(
            f"Draining {backlog:,}, 64 claims and ends a transaction: a second, against one process, CPU µs each",
            ["on", "processes", "floor/s", "Signalbox/s", "ratio", "floor", "Signalbox", "floor µs", "Signalbox µs"],
            [[row["medium"], row["processes"], show(row["floor"]["per second"], 0),
              show(row["signalbox"]["per second"], 0), f"{row['ratio']:.2f}", f"{row['floor']['against one']:.2f}",
              f"{row['signalbox']['against one']:.2f}", show(row["floor"]["cpu"], 2),
              show(row["signalbox"]["cpu"], 2)] for row in rows], out)

    # Enqueuing: many threads, and in bulk

    def enqueues(self, out):
        rows = []
        for medium, folder in self.media.items():
            callers = 640 if self.options.quick else 6400
            bulk = 20_000 if self.options.quick else 100_000
            for what, mode, options in [("64 callers", "callers", {"count": callers, "callers": 64}),
                                        (f"{bulk:,} in bulk", "enqueue", {"count": bulk, "batch": 10_000})]:
                def measure(subject):
                    store = folder / f"{subject.name}-enqueue"
                    result = subject.run(mode, store, **options)
                    shutil.rmtree(store)
                    return result

                results = self.pair(self.rounds, measure)
                row = {"medium": medium, "what": what}
                for name, rounds in results.items():
                    row[name] = {
                        "per second": summary([one["count"] / one["enqueue"]["wall"] * 1e9 for one in rounds]),
                        "cpu": summary([one["enqueue"]["cpu"] / one["count"] / 1000 for one in rounds])}
                row["ratio"] = statistics.median(
                    mine / theirs for mine, theirs in zip(
                        row["signalbox"]["per second"]["values"], row["floor"]["per second"]["values"]))
                rows.append(row)
        self.figures["enqueue"] = rows
        table("Enqueuing: a second, CPU µs each",
              ["on", "what", "floor/s", "Signalbox/s", "ratio", "floor µs", "Signalbox µs"],
              [[row["medium"], row["what"], show(row["floor"]["per second"], 0),
                show(row["signalbox"]["per second"], 0), f"{row['ratio']:.2f}", show(row["floor"]["cpu"], 2),
                show(row["signalbox"]["cpu"], 2)] for row in rows], out)

    # From an enqueue to a started handler in another process

    def wakes(self, out):
        rows = []
        for medium, folder in self.media.items():
            times = self.wake_times(folder / "wake", 60 if self.options.quick else 400)
            row = {"medium": medium, "count": len(times)}
            for index, name in enumerate(["enqueue", "after acknowledgement", "whole"]):
                values = [one[index] / 1000 for one in times]
                row[name] = {"p50": statistics.median(values), "p99": percentile(values, 0.99), "lowest": min(values)}
            rows.append(row)
        self.figures["wake"] = rows
        table("Enqueue → handler started in another, idle process: µs, p50 / p99",
              ["on", "enqueue", "acknowledged → started", "called → started"],
              [[row["medium"]] + [f"{row[name]['p50']:,.0f} / {row[name]['p99']:,.0f}"
                                  for name in ("enqueue", "after acknowledgement", "whole")] for row in rows], out)

    def wake_times(self, store, count):
        """One at a time, each after the worker is asleep again."""
        self.signalbox.run("enqueue", store, count=1, batch=1)
        words = [self.signalbox.words(mode, store) for mode in ("worker", "producer")]
        times = []
        with started(words) as (worker, producer):
            worker.stdout.readline()
            for _ in range(count):
                time.sleep(0.001)
                producer.stdin.write("\n")
                producer.stdin.flush()
                number, called, acknowledged = map(int, producer.stdout.readline().split())
                other, began = map(int, worker.stdout.readline().split())
                if number != other:
                    raise Failure(f"dispatch {number} was enqueued, {other} was started")
                times.append((acknowledged - called, began - acknowledged, began - called))
        shutil.rmtree(store)
        return times[count // 10:]

    # Commands of a worker, and workers that are killed

    def commands(self, out):
        """/bin/true again and again by one worker, beside a loop of posix_spawn and waitpid."""
        count = 1000 if self.options.quick else 10_000
        rows = []
        for medium, folder in self.media.items():
            for slots in (os.cpu_count(), 64):
                row = {"medium": medium, "slots": slots, "worker": [], "spawn": []}
                for number in range(self.rounds):
                    turns = [("spawn", lambda: run(self.options.floor, "spawn", "--count", count)["spawn"]["wall"] / 1e9),
                             ("worker", lambda: self.command_time(folder / "commands", count, slots))]
                    for name, measure in turns if number % 2 == 0 else turns[::-1]:
                        row[name].append(count / measure())
                row["ratio"] = statistics.median(mine / bare for mine, bare in zip(row["worker"], row["spawn"]))
                row |= {name: summary(row[name]) for name in ("worker", "spawn")}
                rows.append(row)
        self.figures["commands"] = rows
        table(f"{count:,} times /bin/true by one worker, and by a loop of posix_spawn and waitpid: a second",
              ["on", "slots", "loop/s", "worker/s", "ratio"],
              [[row["medium"], row["slots"], show(row["spawn"], 0), show(row["worker"], 0), f"{row['ratio']:.2f}"]
               for row in rows], out)

    def command_time(self, folder, count, slots):
        """Seconds from the first command, before those that count, to the last, behind them."""
        with Stage(self.options.signalbox, folder) as stage:
            lines = [json.dumps({"shell": f"echo >{stage.fifo}", "priority": 0})]
            lines += ['{"command": ["/bin/true"]}'] * count
            lines += [json.dumps({"shell": f"echo >{stage.fifo}", "priority": 255})]
            stage.run("enqueue", "--stdin", input="\n".join(lines))
            stage.start_worker("--slots", slots)
            stage.next_line()
            began = time.monotonic()
            stage.next_line()
            return time.monotonic() - began

    def takeovers(self, out):
        """From kill -9 of a worker to its command running again at another, which slept. The command has a child in a
        session of its own."""
        count = 20 if self.options.quick else 200
        times = []
        with Stage(self.options.signalbox, self.folder / "takeovers") as stage:
            line = f"echo $PPID >{stage.fifo}; setsid sleep 60 & sleep 60"
            for number in range(count):
                first = stage.start_worker("--slots", 1)
                dispatch = stage.run("enqueue", "--shell", line).strip()
                stage.expect_parent(first)
                second = stage.start_worker("--slots", 1)
                settle(second, seconds=0.1)
                began = time.monotonic()
                first.kill()
                stage.expect_parent(second)
                times.append((time.monotonic() - began) * 1000)
                stage.run("cancel", dispatch)
                stage.end_workers()
            verified = stage.run("verify")
            if "no fault" not in verified:
                raise Failure(verified)
        figures = {"count": count, "p50": statistics.median(times), "p99": percentile(times, 0.99), "values": times}
        self.figures["takeovers"] = figures
        processes = sum(1 for name in os.listdir("/proc") if name.isdigit())
        out(f"\nkill -9 of a worker → its command running again at another, {count} rounds, {processes} processes on the "
            f"machine: p50 {figures['p50']:.1f} ms, p99 {figures['p99']:.1f} ms, highest {max(times):.1f} ms")

    # Pages

    def pages(self, out):
        counts = [1000, 10_000] if self.options.quick else [1000, 10_000, DISPATCHES]
        stores = {count: self.signalbox.fresh(count, self.folder) for count in counts}
        results = {count: [] for count in counts}
        for _ in range(max(3, self.rounds)):
            for count, store in stores.items():
                result = self.signalbox.run("page", store, count=200)
                results[count].append(result["page"]["cpu"] / result["count"] / 1000)
        served = {count: self.served_pages(store) for count, store in stores.items() if count >= 10_000}
        for store in stores.values():
            shutil.rmtree(store)
        self.figures["page"] = {count: summary(values) for count, values in results.items()}
        self.figures["request"] = served
        table("The overview's data: CPU µs", ["dispatches", "µs"],
              [[f"{count:,}", show(figure, 0)] for count, figure in self.figures["page"].items()], out)
        table("A request to the status server: time µs p50 / p99, CPU µs of the server",
              ["dispatches", "page", "time", "CPU"],
              [[f"{count:,}", path, f"{one['p50']:,.0f} / {one['p99']:,.0f}", f"{one['cpu']:,.0f}"]
               for count, pages in served.items() for path, one in pages.items()], out)

    def restores(self, out):
        """A dump made into a store, beside the same entries put by hand in C, which parses and verifies nothing."""
        count = 20_000 if self.options.quick else 200_000
        store = self.signalbox.fresh(0, self.folder)
        self.signalbox.run("life", store, count=count, batch=1000, seconds=60)
        dump, entries, copy = (self.folder / f"restores-{name}" for name in ("dump", "entries", "copy"))
        environment = dict(os.environ, SIGNALBOX_LIVE=str(self.folder / "restores-live"))
        command = [self.options.signalbox, "dump", "--secrets", "--store", str(store), str(dump)]
        subprocess.run(command, check=True, timeout=LIMIT, env=environment, capture_output=True)
        subprocess.run([self.options.load, "list", str(store), str(entries)], check=True, timeout=LIMIT)
        rows = []
        for _ in range(max(3, self.rounds)):
            floor = run(self.options.load, "fill", entries, copy)
            shutil.rmtree(copy)
            used = run_measured([self.options.signalbox, "restore", str(dump), "--into", str(copy)], environment)
            rows.append({"floor": floor["fill"]["wall"] / 1e9, "signalbox": used["time"] / 1000,
                         "cpu": used["cpu"] / 1000, "peak": used["peak"]})
            shutil.rmtree(copy)
        figure = {name: summary([row[name] for row in rows]) for name in ("floor", "signalbox", "cpu", "peak")}
        figure["entries"] = floor["entries"]
        figure["ratio"] = statistics.median(row["signalbox"] / row["floor"] for row in rows)
        self.figures["restore"] = figure
        shutil.rmtree(store)
        dump.unlink()
        entries.unlink()
        table("restore: seconds, verified and flushed",
              ["entries", "raw MDB_APPEND", "Signalbox", "CPU", "peak, MB with the map", "ratio"],
              [[f"{figure['entries']:,}", show(figure["floor"], 2), show(figure["signalbox"], 2), show(figure["cpu"], 2),
                show(figure["peak"], 0), f"{figure['ratio']:.2f}"]], out)

    def served_pages(self, store):
        """What the pages cost that list the newest: whole requests, one after the other, over one connection."""
        port = free_port()
        environment = dict(os.environ, SIGNALBOX_LIVE=str(self.folder / "served-live"))
        server = subprocess.Popen(
            [self.options.signalbox, "serve", "--listen", f"127.0.0.1:{port}", "--store", str(store)], env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            while "listens" not in (line := server.stderr.readline()):
                if line == "":
                    raise Failure(f"signalbox serve ended with {server.wait()}")
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
            return {path: request_times(connection, path, server.pid) for path in ("/", "/dispatches")}
        finally:
            server.kill()
            server.wait()

    # Retention

    def retention(self, out):
        self.kept_lives(out)
        self.walks(out)

    def kept_lives(self, out):
        """Lives in a store at its limit, where each that ends lets another go, beside the same where nothing goes."""
        filled = 2000 if self.options.quick else 10_000
        rows = []
        for medium, folder in self.media.items():
            for batch in (1, 100):
                count = LIVES[medium][batch] // (4 if self.options.quick else 1)
                results = {"forever": [], f"success: {filled}": []}
                for number in range(self.rounds):
                    for keep in list(results)[::1 if number % 2 == 0 else -1]:
                        store = folder / "kept"
                        results[keep].append(self.signalbox.run(
                            "kept", store, count=count, batch=batch, seconds=10, filled=filled, keep=keep))
                        shutil.rmtree(store)
                row = {"medium": medium, "batch": batch, "filled": filled}
                for name, rounds in zip(("forever", "at its limit"), results.values()):
                    row[name] = {
                        "life": summary([sum(one[part]["cpu"] for part in PARTS) / one["count"] / 1000
                                         for one in rounds]),
                        "complete": summary([one["complete"]["cpu"] / one["count"] / 1000 for one in rounds]),
                        "per second": summary(
                            [one["count"] / sum(one[part]["wall"] for part in PARTS) * 1e9 for one in rounds]),
                        "written": summary([one["written"] / one["count"] for one in rounds])}
                row["ratio"] = {name: row["at its limit"][name]["median"] / row["forever"][name]["median"]
                                for name in row["forever"]}
                rows.append(row)
        self.figures["kept"] = rows
        table(f"Lives in a store of {filled:,}: all kept → one goes with each that ends; CPU µs, a second, bytes written",
              ["on", "a transaction", "kept", "goes", "ratio", "of it complete", "kept/s", "goes/s", "ratio", "bytes",
               "bytes", "ratio"],
              [[row["medium"], f"{row['batch']:,}", show(row["forever"]["life"], 2), show(row["at its limit"]["life"], 2),
                f"{row['ratio']['life']:.2f}",
                f"{row['forever']['complete']['median']:.2f} → {row['at its limit']['complete']['median']:.2f}",
                show(row["forever"]["per second"], 0), show(row["at its limit"]["per second"], 0),
                f"{row['ratio']['per second']:.2f}", f"{row['forever']['written']['median']:,.0f}",
                f"{row['at its limit']['written']['median']:,.0f}", f"{row['ratio']['written']:.2f}"] for row in rows],
              out)

    def walks(self, out):
        """A walk that takes away all there is, and what enqueuing in another process takes meanwhile, and without it."""
        count = 10_000 if self.options.quick else 100_000
        rows = []
        for medium, folder in self.media.items():
            for output in (0, 1000):
                walks, alone = [], []
                for _ in range(self.rounds):
                    alone.append(self.walk(folder / "walk", 1000, 0, "alone")["enqueues"])
                    walks.append({"quiet": self.walk(folder / "walk", count, output, "quiet"),
                                  "busy": self.walk(folder / "walk", count, output, "busy")})
                rows.append(self.walk_row(medium, output, count, alone, walks))
        self.figures["prune"] = rows
        table(f"Pruning {count:,} at once; and one that enqueues beside it: µs, p50 / p99 / highest",
              ["on", "output", "pruned/s", "CPU µs each", "a slice", "enqueue alone", "enqueue meanwhile",
               "pruned/s then"],
              [[row["medium"], f"{row['output']:,} bytes", show(row["per second"], 0), show(row["cpu"], 1)]
               + [" / ".join(f"{row[name][part]['median']:,.0f}" for part in ("p50", "p99", "highest"))
                  for name in ("slice", "alone", "meanwhile")] + [show(row["per second meanwhile"], 0)]
               for row in rows], out)

    def walk(self, store, count, output, how):
        """`quiet`: the walk alone; `busy`: beside one that enqueues; `alone`: that one, for a second."""
        pruner = self.signalbox.words("prune", store, count=count, output=output)
        patient = self.signalbox.words("patience", store)
        results = {}
        with started([pruner]) as (walking,), started([] if how == "quiet" else [patient]) as others:
            for process in others:
                print(file=process.stdin, flush=True)
            if how == "alone":
                time.sleep(1)
            else:
                print(file=walking.stdin, flush=True)
                results |= json.loads(walking.stdout.readline())
            for process in others:
                results |= json.loads(process.communicate("\n", timeout=LIMIT)[0])
        shutil.rmtree(store)
        return results

    def walk_row(self, medium, output, count, alone, walks):
        def waits(rounds):
            return {part: summary([one[part] for one in rounds]) for part in ("p50", "p99", "p999", "highest", "count")}

        return {
            "medium": medium, "output": output, "count": count, "alone": waits(alone),
            "per second": summary([count / one["quiet"]["prune"]["wall"] * 1e9 for one in walks]),
            "cpu": summary([one["quiet"]["prune"]["cpu"] / count / 1000 for one in walks]),
            "slice": waits([one["quiet"]["slices"] for one in walks]),
            "per second meanwhile": summary([count / one["busy"]["prune"]["wall"] * 1e9 for one in walks]),
            "meanwhile": waits([one["busy"]["enqueues"] for one in walks])}

    # Dumps

    def dumps(self, out):
        """The same store, of dispatches that have run, to files in memory; the first round warms caches."""
        store, target = self.folder / "dumps", self.folder / "dump"
        count = 20_000 if self.options.quick else 200_000
        self.signalbox.run("life", store, count=count, batch=1000, seconds=LIMIT)
        commands = {
            "mdb_dump -a": ["mdb_dump", "-a", "-f", target, store],
            "signalbox dump": [self.options.signalbox, "dump", "--store", store, target],
            "signalbox dump --secrets": [self.options.signalbox, "dump", "--secrets", "--store", store, target]}
        results = {name: [] for name in commands}
        environment = dict(os.environ, SIGNALBOX_LIVE=str(self.folder / "dumps-live"))
        for number in range(self.rounds + 1):
            for name, words in commands.items():
                used = run_measured(words, environment)
                if number > 0:
                    results[name].append(used | {"size": target.stat().st_size})
        target.unlink()
        shutil.rmtree(store)
        theirs = results["mdb_dump -a"]
        self.figures["dump"] = {
            name: {"dispatches": count, "size": rounds[-1]["size"], "ratio": ratio(rounds, theirs, "time"),
                   **{key: summary([one[key] for one in rounds]) for key in ("time", "cpu", "peak")}}
            for name, rounds in results.items()}
        table(f"A dump of {count:,} dispatches that have run, to a file in memory",
              ["", "ms", "CPU ms", "peak, MB with the map", "MB", "time against mdb_dump"],
              [[name, show(one["time"], 0), show(one["cpu"], 0), show(one["peak"], 0), f"{one['size'] / 1e6:.0f}",
                f"{one['ratio']:.2f}×"]
               for name, one in self.figures["dump"].items()], out)

    # The live feed

    def feed(self, out):
        """From the time that an enqueued dispatch bears, which is before its commit, to the arrival of the frame at the
        sockets of 200 clients, as the kernel stamps it; and what 1,000 clients that only wait cost the server."""
        port, store = free_port(), self.folder / "watched"
        environment = dict(os.environ, SIGNALBOX_LIVE=str(self.folder / "watched-live"))
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, most), most))
        enqueue = [self.options.signalbox, "enqueue", "--store", store, "--", "/bin/true"]
        run_quietly(enqueue, environment)
        server = subprocess.Popen(
            [self.options.signalbox, "serve", "--listen", f"127.0.0.1:{port}", "--store", str(store)], env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        with contextlib.ExitStack() as closing:
            closing.callback(server.wait)
            closing.callback(server.kill)
            while "listens" not in (line := server.stderr.readline()):
                if line == "":
                    raise Failure(f"signalbox serve ended with {server.wait()}")
            settle(server)
            empty = memory(server.pid)[0]
            clients = [closing.enter_context(feed_client(port)) for _ in range(200)]
            times = []
            for _ in range(20 if self.options.quick else 200):
                run_quietly(enqueue, environment)
                times += [arrival(client) for client in clients]
            clients += [closing.enter_context(feed_client(port)) for _ in range(800)]
            settle(server)
            full = memory(server.pid)[0]
        figures = {"clients": 200, "p50": percentile(times, 0.5), "p99": percentile(times, 0.99),
                   "empty": empty, "full": full}
        self.figures["feed"] = figures
        table("The live feed", ["what", ""],
              [["enqueued → frame at 200 clients, p50 / p99, ms", f"{figures['p50']:.2f} / {figures['p99']:.2f}"],
               ["server with 1,000 clients that wait, MB (PSS)", f"{full:.1f}, {empty:.1f} with none"]], out)

    # The built command

    def command(self, out):
        binary = pathlib.Path(self.options.signalbox)
        stripped = self.folder / "stripped"
        subprocess.run(["strip", "-o", stripped, binary], check=True, timeout=LIMIT)
        store = self.folder / "command"
        environment = dict(os.environ, SIGNALBOX_LIVE=str(self.folder / "live"))
        (self.folder / "live").mkdir()
        run_quietly([binary, "enqueue", "--store", store, "--", "/bin/true"], environment)
        figures = {
            "size": binary.stat().st_size / 1e6, "stripped": stripped.stat().st_size / 1e6,
            "start": self.start_times(stripped, store, environment), "memory": {}, "idle": {}}
        listen = ["--listen", f"127.0.0.1:{free_port()}"]
        # The worker runs the one dispatch, then all sleep.
        parts = {"scheduler": ["scheduler"], "worker": ["worker"], "server": ["serve"] + listen}
        for group in (parts, {"up": ["up"] + listen}):
            memory, idle = self.idle_processes(stripped, group, store, environment)
            figures["memory"] |= memory
            figures["idle"] |= idle
        self.figures["command"] = figures
        table("The command", ["what", ""],
              [["binary, MB", f"{figures['size']:.1f}"], ["stripped, MB", f"{figures['stripped']:.1f}"]]
              + [[f"{name}, ms", show(figure, 1)] for name, figure in figures["start"].items()]
              + [[f"{name}, MB (PSS / private)", f"{pss:.1f} / {private:.1f}"]
                 for name, (pss, private) in figures["memory"].items()]
              + [[f"{name}, idle {one['seconds']} s", f"{one['cpu']:.0f} ms CPU, {one['switches']} wake-ups, "
                  f"{one['written']:,} bytes"] for name, one in figures["idle"].items()], out)

    def start_times(self, binary, store, environment):
        commands = {
            "/bin/true": ["/bin/true"], "--help": [binary, "--help"], "status": [binary, "status", "--store", store]}
        times = {name: [] for name in commands}
        for _ in range(10 if self.options.quick else 30):
            for name, words in commands.items():
                began = time.monotonic()
                run_quietly(words, environment)
                times[name].append((time.monotonic() - began) * 1000)
        figures = {name: summary(values) for name, values in times.items()}
        for figure in figures.values():
            figure["spread"] = (percentile(figure["values"], 0.9) - min(figure["values"])) / 2
        return figures

    def idle_processes(self, binary, parts, store, environment):
        seconds = 2 if self.options.quick else 10
        running = {}
        try:
            for name, words in parts.items():
                running[name] = subprocess.Popen(
                    [str(binary), *words, "--store", str(store)], env=environment, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL)
            for process in running.values():
                settle(process)
            before = {name: activity(process.pid) for name, process in running.items()}
            time.sleep(seconds)
            idle = {name: difference(before[name], activity(process.pid), seconds) for name, process in running.items()}
            return {name: memory(process.pid) for name, process in running.items()}, idle
        finally:
            for process in running.values():
                process.terminate()
            for process in running.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.kill()

    # What was to be reached

    def budgets(self, out):
        rows = []
        self.running_budgets(rows)
        if not self.options.running:
            self.store_budgets(rows)
        self.figures["budgets"] = rows
        table("Budgets", ["what", "measured", "budget", ""], rows, out)

    def running_budgets(self, rows):
        for row in self.figures["commands"]:
            kept = "kept" if row["ratio"] >= 0.7 else "MISSED"
            what = f"/bin/true on {row['medium']}, {row['slots']} slots, against posix_spawn"
            rows.append([what, f"{row['ratio']:.2f}×", "≥ 0.7×", kept])
        for name, limit in {"p50": 20, "p99": 500}.items():
            figure = self.figures["takeovers"][name]
            rows.append([f"kill -9 of a worker → running again, {name}", f"{figure:.1f} ms", f"≤ {limit} ms",
                         "kept" if figure <= limit else "MISSED"])

    def store_budgets(self, rows):

        def budget(what, figure, limit, kept, unit=""):
            rows.append([what, f"{figure:,.2f}{unit}", limit, "kept" if kept else "MISSED"])

        def life(medium, backlog, batch):
            return next(row for row in self.figures["life"]
                        if (row["medium"], row["backlog"], row["batch"]) == (medium, backlog, batch))

        def most(what, figure, limit, unit=""):
            budget(what, figure, f"≤ {limit:g}{unit}", figure <= limit, unit)

        def least(what, figure, limit, unit=""):
            budget(what, figure, f"≥ {limit:,g}{unit}", figure >= limit, unit)

        whole = life("memory", 0, 100)["ratio"]["life"]
        most("whole life, CPU, 100 a transaction, against the floor", whole, 1.5, "×")
        most("dump, time against mdb_dump -a", self.figures["dump"]["signalbox dump --secrets"]["ratio"], 1, "×")
        most("restore, verified, against raw MDB_APPEND", self.figures["restore"]["ratio"], 3, "×")
        alone = life("disk", 0, 1)["ratio"]["enqueue per second"]
        least("durable enqueue one by one, against the floor", alone, 0.9, "×")
        for row in self.figures["enqueue"]:
            if row["medium"] == "disk" and row["what"] == "64 callers":
                least("durable enqueue, 64 callers, against the floor", row["ratio"], 0.8, "×")
            elif row["medium"] == "disk":
                least("bulk enqueue, a second", row["signalbox"]["per second"]["median"], 150_000)
        drains = {row["processes"]: row for row in self.figures["drain"] if row["medium"] == "disk"}
        for count in [count for count in drains if count > 1]:
            least(f"durable drain, {count} processes against one", drains[count]["signalbox"]["against one"], 1, "×")
        wake = self.figures["wake"][0]["after acknowledgement"]
        most("enqueue → started, on tmpfs, p50", wake["p50"], 60, " µs")
        most("enqueue → started, on tmpfs, p99", wake["p99"], 2000, " µs")
        for batch in (1, 100):
            written = life("disk", 0, batch)["ratio"]["written"]
            most(f"bytes written a job, {batch} a transaction, against the floor", written, 2, "×")
        backlogs = sorted({row["backlog"] for row in self.figures["life"] if row["medium"] == "memory"})
        for name in ("signalbox", "floor"):
            claims = [life("memory", backlog, 100)[name]["claim"]["median"] for backlog in (1000, backlogs[-1])]
            most(f"claim, CPU, backlog {backlogs[-1]:,} against 1,000: {name}", claims[1] / claims[0], 1.2, "×")
        pages = [figure["median"] for figure in self.figures["page"].values()]
        most(f"overview, {max(self.figures['page']):,} dispatches against 1,000", pages[-1] / pages[0], 1.2, "×")
        most("overview, CPU", pages[-1] / 1000, 2, " ms")
        requests = {count: pages["/"] for count, pages in self.figures["request"].items()}
        most("overview, request to the server, CPU", requests[max(requests)]["cpu"] / 1000, 2, " ms")
        for name in ("signalbox dump", "signalbox dump --secrets"):
            most(f"{name}, time, against mdb_dump -a", self.figures["dump"][name]["ratio"], 1, "×")
        most("live: enqueued → frame at 200 clients, p50", self.figures["feed"]["p50"], 3, " ms")
        command = self.figures["command"]
        for name, limit in {"scheduler": 12, "worker": 12, "server": 20, "up": 25}.items():
            most(f"memory of {name}, idle", command["memory"][name][0], limit, " MB")
        most("signalbox --help", command["start"]["--help"]["median"], 15, " ms")
        most("signalbox status", command["start"]["status"]["median"], 25, " ms")
        most("binary, stripped", command["stripped"], 30, " MB")


class Stage:
    """A store of its own with workers, and a fifo that their commands write to; all of it ends with the block."""

    def __init__(self, signalbox, folder):
        self.signalbox, self.folder = str(signalbox), folder
        self.fifo = folder / "fifo"
        self.environment = dict(os.environ, SIGNALBOX_STORE=str(folder / "store"), SIGNALBOX_LIVE=str(folder / "live"))
        self.workers = []

    def __enter__(self):
        (self.folder / "live").mkdir(parents=True)
        os.mkfifo(self.fifo)
        # Open for both, it is never at its end.
        self.lines = os.fdopen(os.open(self.fifo, os.O_RDWR), "rb", buffering=0)
        return self

    def __exit__(self, *_):
        self.end_workers()
        self.lines.close()
        shutil.rmtree(self.folder)

    def run(self, *words, input=None):
        done = subprocess.run([self.signalbox, *map(str, words)], env=self.environment, input=input, text=True,
                              capture_output=True, timeout=LIMIT)
        if done.returncode != 0:
            raise Failure(f"signalbox {' '.join(map(str, words))}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def start_worker(self, *words):
        worker = subprocess.Popen([self.signalbox, "worker", *map(str, words)], env=self.environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.workers.append(worker)
        return worker

    def end_workers(self):
        """All but what was killed end in good order: the first signal drains, the second ends at once."""
        for worker in self.workers:
            for _ in range(2):
                worker.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    worker.wait(0.05)
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(10)
            worker.kill()
            worker.wait()
        self.workers = []

    def next_line(self):
        ready, _, _ = select.select([self.lines], [], [], LIMIT)
        if not ready:
            raise Failure(f"nothing runs in {self.folder}")
        return self.lines.readline()

    def expect_parent(self, worker):
        told = self.next_line()
        if int(told) != worker.pid:
            raise Failure(f"the command runs at {told}, not at {worker.pid}")


# The machine


def machine(folder):
    facts = {"system": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg(),
             "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            facts["processor"] = line.split(":")[1].strip()
    facts["memory"] = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB"
    mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    under = [mount for mount in mounts if str(folder.resolve()).startswith(mount[1])]
    facts["disk"] = " ".join(max(under, key=lambda mount: len(mount[1]))[:3])
    return facts


def sectors_written(folder):
    device = os.stat(folder).st_dev
    numbers = [str(os.major(device)), str(os.minor(device))]
    for line in pathlib.Path("/proc/diskstats").read_text().splitlines():
        words = line.split()
        if words[:2] == numbers:
            return int(words[9])
    return 0


def run_measured(command, environment):
    """The command's milliseconds on the wall and on the processor, and the most memory it had, in MB."""
    began = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    limit = threading.Timer(LIMIT, process.kill)
    limit.start()
    _, status, used = os.wait4(process.pid, 0)
    elapsed = time.monotonic() - began
    limit.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failure(f"{' '.join(process.args)}: ended with {process.returncode}")
    return {"time": elapsed * 1000, "cpu": (used.ru_utime + used.ru_stime) * 1000, "peak": used.ru_maxrss / 1024}


def run_quietly(words, environment):
    subprocess.run([str(word) for word in words], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True, timeout=LIMIT)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def feed_client(port):
    """A socket behind a handshake, which has read the first frame, and which has its kernel stamp what comes."""
    client = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
    client.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    client.sendall((
        f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
    answer = b""
    while not answer.endswith(b"}"):
        answer += client.recv(4096)
    if not answer.startswith(b"HTTP/1.1 101 "):
        raise Failure(f"GET /live: {answer[:60]}")
    return client


def arrival(client):
    """How many milliseconds after its `at` the next frame came."""
    data, notes, _, _ = client.recvmsg(4096, 128)
    seconds, nanoseconds = struct.unpack("qq", notes[0][2][:16])
    at = datetime.datetime.fromisoformat(json.loads(data[data.index(b"{"):])["changes"][0]["at"].replace("Z", "+00:00"))
    return (seconds + nanoseconds / 1e9 - at.timestamp()) * 1000


def memory(pid):
    """Megabytes: proportional, private."""
    values = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, size = line.split(":")
        values[name] = int(size.split()[0]) * 1024 / 1e6
    return values["Pss"], values["Private_Clean"] + values["Private_Dirty"]


def activity(pid):
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    switches = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for line in (thread / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                switches += int(line.split()[1])
    written = next(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines()
                   if line.startswith("wchar"))
    return {"cpu": (int(words[11]) + int(words[12])) * 1000 / os.sysconf("SC_CLK_TCK"), "switches": switches,
            "written": written}


def processor_time(pid):
    """Nanoseconds that all threads of a process have run."""
    threads = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads)


def request_times(connection, path, pid, count=300):
    """Microseconds; the first requests warm caches and do not count."""
    times = []
    for number in range(count + 30):
        if number == 30:
            before = processor_time(pid)
        began = time.monotonic_ns()
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise Failure(f"GET {path}: {response.status}")
        times.append((time.monotonic_ns() - began) / 1000)
    times = times[30:]
    return {"p50": statistics.median(times), "p99": percentile(times, 0.99),
            "cpu": (processor_time(pid) - before) / count / 1000}


def difference(before, after, seconds):
    return {"seconds": seconds} | {name: after[name] - before[name] for name in before}


def settle(process, seconds=0.5):
    """Returns when the process has slept for so many seconds, or after ten."""
    seen, since, deadline = None, time.monotonic(), time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failure(f"{' '.join(process.args)}: ended with {process.returncode}")
        now = activity(process.pid)["switches"]
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > seconds:
            return
        time.sleep(min(0.05, seconds / 4))


def main():
    options = arguments()
    target = pathlib.Path(options.json)
    target.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()

    def out(line):
        print(line, flush=True)

    with tempfile.TemporaryDirectory(dir=options.memory_folder, prefix="signalbox-bench-") as folder, \
            tempfile.TemporaryDirectory(dir=options.disk_folder or target.parent, prefix="signalbox-bench-") as disk:
        bench = Bench(options, pathlib.Path(folder), pathlib.Path(disk))
        facts = machine(pathlib.Path(disk))
        facts["fdatasync"] = run(options.floor, "fsync", "--store", f"{disk}/fsync", "--count", 100)
        bench.figures["machine"] = facts
        out(f"{facts.get('processor', '')}, {facts['cores']} cores, {facts['memory']}, {facts['system']}, "
            f"{facts['disk']}, load {facts['load'][0]:.1f}")
        out(f"fdatasync of 4 KiB: p50 {facts['fdatasync']['p50'] / 1000:.0f} µs, p99 "
            f"{facts['fdatasync']['p99'] / 1000:.0f} µs")
        parts = [bench.compare_operations, bench.all_lives, bench.instructions, bench.drains, bench.enqueues,
                 bench.wakes, bench.pages, bench.retention, bench.dumps, bench.restores, bench.feed, bench.command]
        chosen = [bench.commands, bench.takeovers] + ([] if options.running else parts)
        for part in [bench.retention] if options.retention else chosen:
            part(out)
        last = run(options.floor, "fsync", "--store", f"{disk}/fsync", "--count", 100)
        facts["fdatasync at the end"], facts["load at the end"] = last, os.getloadavg()
        if not options.retention:
            bench.budgets(out)
        out(f"\nfdatasync at the end: p50 {last['p50'] / 1000:.0f} µs, p99 {last['p99'] / 1000:.0f} µs, "
            f"load {facts['load at the end'][0]:.1f}; {time.monotonic() - began:.0f} s")
        target.write_text(json.dumps(bench.figures, indent=1))
        out(f"all figures: {target}")


if __name__ == "__main__":
    main()
