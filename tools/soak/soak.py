"""A long load, run fast, and then nothing to do: whether memory, descriptors and the file stay as they are."""
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from storm import Round

# So many dispatches wait at most: the load is what the workers can take.
BACKLOG = 400
JOBS = 20
# After the load, in seconds: until all is quiet, and how long that is watched.
SETTLING, IDLE = 20, 60


class Sample:
    """What a process has at one moment, in KiB: memory of its own, and with what it has mapped, the store above all."""

    def __init__(self, pid):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        fields = {line.split(":")[0]: line.split() for line in rollup[1:]}
        self.own, self.proportional = int(fields["Pss_Anon"][1]), int(fields["Pss"][1])
        self.descriptors = len(os.listdir(f"/proc/{pid}/fd"))


class Effort:
    """What a process has done so far: bytes written to a disk, and its time on a processor in milliseconds."""

    def __init__(self, pid):
        fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
        self.written = int(fields["write_bytes"])
        times = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[11:13]
        self.busy = sum(map(int, times)) * 1000 // os.sysconf("SC_CLK_TCK")


class Soak(Round):
    """Nobody is killed; the same processes work as fast as they can, on a store that keeps little of what has ended."""

    def __init__(self, signalbox, folder, seed, seconds):
        super().__init__(signalbox, folder, seed, kills=0)
        self.length = seconds
        # As the service's RuntimeDirectory is: in memory, so that heartbeats cost no disk.
        self.live = tempfile.TemporaryDirectory(prefix="hammer-", dir="/dev/shm")
        self.environment["SIGNALBOX_LIVE"] = self.live.name
        # In bytes: the data file, the feed in it, and all else that is in use.
        self.samples, self.sizes, self.feeds, self.others = {}, [], [], []

    def plan(self, part):
        pass

    def online(self, part):
        pass

    def threaten(self, process):
        pass

    def run(self, is_asked):
        begin = time.monotonic()
        self.execute("enqueue", "--", "true")
        # The limits of all jobs are met in the first minute.
        self.keep("success: 50, failed: 50, skipped: 10")
        for number in range(JOBS):
            self.execute("add", f"job-{number}", "--every", "1s", "--overlap", "allow", "--", "seq", "1", "60")
        self.start_parts()
        for _ in range(3):
            self.act()
        ends = begin + self.length
        while time.monotonic() < ends and not is_asked:
            self.loop.run_until(lambda: is_asked, min(5, ends - time.monotonic()))
            self.sample()
        self.finish_load()
        self.idle()
        self.seconds = time.monotonic() - begin
        self.retire("scheduler", "second", "one", "two", "three", "server")
        self.look("verify")
        self.judge()

    def choice(self):
        if len(self.ledger.open) < BACKLOG:
            line = '{"command": ["%s"], "max_attempts": 1}\n'
            lines = line % 'seq", "1", "60' * 99 + line % "false"
            return ["enqueue", "--stdin", "--json"], self.acknowledge_all, lines.encode()
        if self.random.random() < 0.2:
            looks = ["status", "--json"], ["dispatches", "--json"], ["stat"], ["verify"]
            return self.random.choice(looks), None, None
        return None, None, None

    def sample(self):
        for part in self.parts:
            self.samples.setdefault(part.name, []).append(Sample(part.process.pid))
        stat = json.loads(self.execute("stat", "--json"))
        self.sizes.append(os.stat(self.folder / "store/data.mdb").st_size)
        feed = next(bucket["pages"] for bucket in stat["buckets"] if bucket["name"] == "events")
        self.feeds.append(feed * stat["page_size"])
        self.others.append((stat["pages_used"] - feed) * stat["page_size"])

    def finish_load(self):
        self.is_over = True
        for number in range(JOBS):
            self.execute("remove", f"job-{number}")
        if not self.loop.run_until(lambda: not self.clients and not self.ledger.open, 120):
            self.fault("stuck", f"{len(self.ledger.open)} dispatches never end")

    def idle(self):
        """Once all is quiet nobody may write to the disk, nor do much at all."""
        self.loop.run_until(lambda: False, SETTLING)
        data = self.folder / "store/data.mdb"
        before = {part.name: Effort(part.process.pid) for part in self.parts}
        changed = data.stat().st_mtime_ns
        self.loop.run_until(lambda: False, IDLE)
        self.rest = {}
        for part in self.parts:
            after = Effort(part.process.pid)
            self.rest[part.name] = (after.written - before[part.name].written, after.busy - before[part.name].busy)
            if self.rest[part.name][0]:
                self.fault("idle", f"{part.name} wrote {self.rest[part.name][0]} bytes in {IDLE} idle seconds")
        if data.stat().st_mtime_ns != changed:
            self.fault("idle", f"the store was written in {IDLE} idle seconds")

    def judge(self):
        """The last third of the time against the third before it: by then all is warm."""
        self.rows = []
        for name, samples in self.samples.items():
            _, middle, last = thirds(samples)
            memory = [statistics.median(sample.own for sample in part) for part in (middle, last)]
            mapped = [statistics.median(sample.proportional for sample in part) for part in (middle, last)]
            descriptors = [max(sample.descriptors for sample in part) for part in (middle, last)]
            self.rows.append((name, memory, mapped, descriptors, self.rest[name]))
            if memory[1] > 1.05 * memory[0] + 256:
                self.fault("memory", f"{name}: {memory[0]:.0f} KiB became {memory[1]:.0f}")
            if descriptors[1] > descriptors[0] + 8:
                self.fault("descriptors", f"{name}: {descriptors[0]} became {descriptors[1]}")
        self.sums = {
            what: [max(part) for part in thirds(sizes)]
            for what, sizes in (("the file", self.sizes), ("the feed in it", self.feeds), ("all else", self.others))}
        # The feed grows until it has come round, which may take longer than this. What is in use besides must not grow;
        # and the file is as long as the most that was in use, or kept by one who read for long, at one moment.
        for what, growth in (("the file", 2), ("all else", 1.05)):
            _, before, after = self.sums[what]
            if after > growth * before + (1 << 18):
                self.fault("file", f"{what}: {before} bytes became {after}")

    def __str__(self):
        ended = len(self.ledger.dispatches)
        lines = [
            f"{ended} dispatches in {self.length} s, {ended / self.length:.0f} a second; {self.peeks} pages",
            "process     own, MiB      PSS, MiB      descriptors  idle for a minute",
        ]
        for name, memory, mapped, descriptors, (written, busy) in self.rows:
            lines.append(
                f"{name:10}  {memory[0] / 1024:5.1f} {memory[1] / 1024:5.1f}   {mapped[0] / 1024:5.1f} "
                f"{mapped[1] / 1024:5.1f}   {descriptors[0]:5} {descriptors[1]:5}  {written} bytes written, "
                f"{busy} ms")
        for what, sizes in self.sums.items():
            lines.append(
                f"{what}, by thirds of the time: {', '.join(f'{size / 1048576:.1f} MiB' for size in sizes)}")
        return "\n".join(lines)


def thirds(values):
    size = max(1, len(values) // 3)
    return values[:size], values[size:2 * size] or values, values[2 * size:] or values
