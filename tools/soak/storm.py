"""One storm over a store of its own: the processes, the blows that they get, what clients do, and what must hold."""
import collections
import contextlib
import json
import os
import platform
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from ledger import Ledger
from processes import Loop, Process

WORKERS = ("one", "two", "three")
# How long anything may take before it counts as hung, in seconds.
PATIENCE = 600
# The byte of workers.lock that the reaper holds.
REAPER = 1 << 62
# The system calls of a commit: pwrite64, pwritev, fdatasync.
COMMITTING = {"x86_64": {"18", "296", "75"}, "aarch64": {"68", "70", "83"}}[platform.machine()]

# What the dispatches run. Each process of it is written down, so that a later attempt can see whether one still lives;
# only the environment tells whether it is that one, for the numbers of processes are used again.
MARK = """
folder=$1 kind=$2
run=$SIGNALBOX_RUN_ID list=$folder/processes/$SIGNALBOX_DISPATCH
if [ -e $list ]; then
    while read number other; do
        if [ $other != $run ] && grep -qz "^SIGNALBOX_RUN_ID=$other$" /proc/$number/environ; then
            echo "overlap:process-$number-of-$other-lives $run $kind $PPID" >>$folder/told
        fi
    done <$list 2>/dev/null
fi
note() { echo $1 $run >>$list; }
note $$
echo "begin $run $kind $PPID" >>$folder/told
case $kind in
slow) sleep 0.$3 & note $!; wait $! ;;
tree)
    setsid sleep 60 & far=$!; note $far
    (read line <$folder/never; echo "survived $run $kind $PPID" >>$folder/told) & near=$!; note $near
    sleep 0.$3 & note $!; wait $!
    kill -KILL $far $near ;;
flaky) [ $((SIGNALBOX_ATTEMPT % 2)) = 0 ] || exit 3 ;;
snooze) [ -e $list.snoozed ] || { : >$list.snoozed; echo snooze 30ms >&3; } ;;
fatal) exit 64 ;;
assassin) kill -KILL $PPID; sleep 60 & note $!; wait $! ;;
esac
echo "end $run $kind $PPID" >>$folder/told
"""


class Part:
    """One of the processes that stay: it is started again whenever it ends, until it is retired."""

    def __init__(self, round, name, words, sign):
        self.round, self.name, self.words, self.sign = round, name, words, sign
        self.is_retired = False
        self.start()

    def start(self):
        self.is_online = False
        self.was_asked = False
        self.last_line = ""
        # What a line of a command, by its word, or the feed's word of a claim, leads to.
        self.aim = None
        self.process = Process(
            self.round.loop, self.words(), self.round.environment, self.ended, self.line)
        self.round.processes[self.process.pid] = self.process
        self.round.plan(self)

    def line(self, text):
        self.last_line = text
        if not self.is_online and self.sign in text:
            self.is_online = True
            self.round.online(self)

    def ended(self, process):
        self.round.note_end(self, process)
        if not self.is_retired:
            self.start()

    def retire(self):
        self.is_retired = True
        self.process.signal(signal.SIGCONT)
        if not self.is_online:
            # It cannot be asked before it can hear.
            return
        self.was_asked = True
        self.process.signal(signal.SIGTERM)


class Feed(Part):
    """`watch`, which goes on after the last line that it had."""

    def __init__(self, round):
        super().__init__(round, "watch", lambda: [round.signalbox, "watch", "--since", str(round.ledger.seq)], "seq")

    def line(self, text):
        super().line(text)
        # What was told before this line was written has been written before: only then can it be judged by it.
        self.round.hear()
        self.round.feed_log.write(text + "\n")
        self.round.ledger.feed(text)


class Round:
    """One storm over a store of its own."""

    def __init__(self, signalbox, folder, seed, kills):
        self.signalbox, self.folder, self.seed, self.wanted = signalbox, folder, seed, kills
        self.random = random.Random(seed)
        # Every other store keeps little of what has ended, and prunes while it is hammered.
        self.keeps_all = seed % 2 == 0
        self.loop = Loop()
        self.faults = collections.Counter()
        self.details = []
        self.ledger = Ledger(self.fault)
        self.ledger.process = lambda pid: self.processes.get(pid)
        self.ledger.on_claim = lambda: self.take_aim("claim")
        self.environment = {
            "PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "UTC",
            "SIGNALBOX_STORE": str(folder / "store"), "SIGNALBOX_LIVE": str(folder / "live"),
        }
        # Those of the parts by their number; numbers are used again, so the newest counts.
        self.processes = {}
        self.killed, self.aims = collections.Counter(), collections.Counter()
        self.stopped = self.asked = self.acts = self.refused = self.verified = self.peeks = 0
        self.acknowledged, self.cancelled = set(), {}
        self.newest = 1
        self.clients = set()
        # Of the store, made by `backup` while it was hammered.
        self.copies = []
        self.is_over = self.is_verifying = False
        self.prepare()

    def prepare(self):
        for name in ("live", "processes", "copies"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "mark").write_text(MARK)
        for name in ("told", "never"):
            os.mkfifo(self.folder / name)
        self.told = os.open(self.folder / "told", os.O_RDWR | os.O_NONBLOCK)
        self.partial = b""
        self.loop.watch(self.told, self.hear)
        self.told_log, self.feed_log = (self.folder / "told.log").open("w"), (self.folder / "feed.log").open("w")

    def fault(self, kind, what):
        self.faults[kind] += 1
        self.details.append(f"{kind}: {what}")

    @property
    def kills(self):
        return self.killed.total()

    # The storm

    def run(self, is_asked):
        """Goes on until there were as many kills as are wanted, or somebody asks for an end."""
        begin = time.monotonic()
        self.execute("add", "job", "--every", "1s", "--overlap", "allow", "--shell", self.shell("quick"))
        self.acknowledged.add(int(self.execute("enqueue", "--shell", self.shell("quick"))))
        self.keep("forever" if self.keeps_all else "success: 20, failed: 20, skipped: 5")
        # Everything is paced by how long the simplest command takes here.
        self.unit = min(0.1, max(0.01, (time.monotonic() - begin) / 3))
        self.start_parts()
        for _ in range(4):
            self.act()
        if not self.loop.run_until(lambda: self.kills >= self.wanted or is_asked, max(PATIENCE, self.wanted)):
            self.fault("slow", f"only {self.kills} kills in {max(PATIENCE, self.wanted)} s")
        self.finish()
        self.seconds = time.monotonic() - begin
        self.close()

    def close(self):
        for file in (self.told_log, self.feed_log, self.loop.selector):
            file.close()
        os.close(self.told)

    def keep(self, limits):
        self.execute("settings", "--keep", limits, "--keep-enqueued", limits)

    def start_parts(self):
        command = self.signalbox
        self.feed = Feed(self)
        self.parts = [
            *(Part(self, name, lambda name=name: [command, "worker", "--name", name, "--slots", "3",
                                                  "--drain-timeout", "1s"], "online:")
              for name in WORKERS),
            *(Part(self, name, lambda: [command, "scheduler"], "online:") for name in ("scheduler", "second")),
            Part(self, "server", lambda: [command, "serve", "--listen", f"unix:{self.folder}/socket"], "listens"),
            self.feed,
        ]

    def finish(self):
        self.is_over = True
        for part in self.parts:
            part.process.signal(signal.SIGCONT)
        if not self.loop.run_until(lambda: not self.clients, PATIENCE):
            self.fault("hung", f"clients never end: {[process.words[1:] for process in self.clients]}")
        self.retire("scheduler", "second")
        if not self.loop.run_until(lambda: not self.ledger.open, PATIENCE):
            stuck = sorted(self.ledger.open)
            self.fault("stuck", f"{len(stuck)} dispatches never end: {stuck[:10]}\n{self.look('dispatch', stuck[0])}")
        self.retire(*WORKERS, "server")
        # What the last commits have changed it has had: it is the feed that has said that all is over.
        self.feed.is_retired = True
        self.feed.process.kill("at the end")
        self.loop.run_until(lambda: self.feed.process.status is not None, PATIENCE)
        self.hear()
        self.ledger.compare(self.listed(), self.acknowledged, self.cancelled, self.keeps_all)
        self.compact()
        self.look("verify", "--schedule", "..")
        self.verdict = self.look("verify")
        for copy in self.copies:
            self.look("verify", "--store", copy)
        self.find_survivors()

    def compact(self):
        """Makes the file smaller, killed in the midst of it a few times: the old one must be there, or the new one."""
        for _ in range(5):
            process = Process(self.loop, [self.signalbox, "compact"], self.environment, lambda process: None)
            self.loop.after(self.random.uniform(0, 2) * self.unit, lambda process=process: process.kill("compacting"))
            self.loop.run_until(lambda: process.status is not None, PATIENCE)
            if process.was_killed:
                self.count("compact", "compacting")
            self.look("verify")
        self.look("compact")

    def retire(self, *names):
        parts = [part for part in self.parts if part.name in names]
        for part in parts:
            if not self.loop.run_until(lambda: part.is_online, PATIENCE):
                self.fault("hung", f"{part.name} does not come up: {part.last_line}")
            part.retire()
        if not self.loop.run_until(lambda: all(part.process.status is not None for part in parts), PATIENCE):
            self.fault("hung", f"{', '.join(names)} do not end")
            for part in parts:
                part.process.kill("hung")

    # Blows

    def plan(self, part):
        """What is to become of a process that has just been started."""
        if not self.is_over and self.random.random() < 0.15:
            self.later(part, self.random.uniform(0, 2) * self.unit, lambda: self.strike(part, "starting"))

    def online(self, part):
        if self.is_over:
            return
        life = self.random.expovariate(1 / max(0.2, 10 * self.unit))
        self.later(part, life, lambda: self.blow(part))

    def later(self, part, seconds, action):
        """Does it unless the process has ended by then, or the storm is over."""
        process = part.process
        self.loop.after(seconds, lambda: action() if process.status is None and not self.is_over else None)

    def blow(self, part):
        kind = self.random.choices(
            ["any", "commit", "begin", "end", "claim", "twin", "reaper", "stop", "ask"],
            [20, 25, 15, 15, 10, 5, 8, 12, 5])[0]
        is_worker = part.name in WORKERS
        if kind == "stop":
            self.stop(part)
        elif kind == "ask" and part is not self.feed:
            part.was_asked = True
            self.asked += 1
            part.process.signal(signal.SIGTERM)
        elif kind == "commit" and is_worker:
            self.strike_inside_commit(part, time.monotonic() + 0.5)
        elif kind in ("begin", "end", "claim") and is_worker:
            part.aim = kind
            self.later(part, 1, lambda: self.strike(part, "any"))
        elif kind == "twin":
            other = self.random.choice(self.parts)
            self.strike(part, "twin")
            self.strike(other, "twin")
        elif kind == "reaper" and is_worker:
            holder = next((other for other in self.parts if other.process.holds_lock_at(REAPER)), part)
            self.strike(part, "twin")
            self.later(holder, self.random.uniform(0, 0.004), lambda: self.strike(holder, "reaper"))
        else:
            self.strike(part, "any")

    def strike(self, part, why):
        part.process.kill(why)

    def strike_inside_commit(self, part, ends):
        """Looks for a few milliseconds, and again a little later, until it gives up."""
        until = time.monotonic() + 0.01
        while time.monotonic() < until:
            if part.process.calls() & COMMITTING:
                return self.strike(part, "commit")
        if time.monotonic() < ends:
            self.later(part, self.random.uniform(0, 0.02), lambda: self.strike_inside_commit(part, ends))
        else:
            self.strike(part, "any")

    def take_aim(self, word, pid=None):
        """Something has happened that processes wait for to be killed; `pid`: only that of this number."""
        for part in self.parts:
            if part.aim == word and pid in (None, part.process.pid):
                part.aim = None
                wait = self.random.choice([0, 0, self.random.uniform(0, 0.003)])
                if wait == 0:
                    self.strike(part, word)
                else:
                    self.later(part, wait, lambda part=part: self.strike(part, word))

    def stop(self, part):
        process = part.process
        process.signal(signal.SIGSTOP)
        self.stopped += 1

        def go_on():
            if self.random.random() < 0.2 and not self.is_over:
                process.kill("stopped")
            process.signal(signal.SIGCONT)

        self.loop.after(self.random.uniform(0.02, 0.5), go_on)
        self.later(part, 0.6, lambda: self.online(part))

    def note_end(self, part, process):
        if process.was_killed:
            self.count(part.name, process.killed[0] if process.killed else "by its own command")
        elif process.status != 0 or not part.was_asked:
            if not (part is self.feed and self.is_over):
                self.fault("ended", f"{part.name} ended with {process.status}: {part.last_line}")

    def count(self, name, why):
        self.killed["worker" if name in WORKERS else "scheduler" if name == "second" else name] += 1
        self.aims[why] += 1

    # Clients

    def shell(self, kind):
        return f"exec sh {self.folder}/mark {self.folder} {kind}"

    def act(self):
        """One client does one thing, and then the next."""
        if self.is_over:
            return
        self.acts += 1
        words, note, text = self.choice()
        if words is None:
            return self.peek()
        process = Process(
            self.loop, [self.signalbox, *words], self.environment, lambda process: self.acted(process, note), text=text)
        self.clients.add(process)
        self.threaten(process)

    def threaten(self, process):
        """What is to become of a client."""
        if process.words[1] != "verify" and self.random.random() < 0.2:
            self.strike_client(process)
        elif self.random.random() < 0.02:
            process.signal(signal.SIGSTOP)
            self.stopped += 1
            self.loop.after(self.random.uniform(0.02, 0.3), lambda: process.signal(signal.SIGCONT))

    def strike_client(self, process):
        if self.random.random() < 0.3:
            return self.loop.after(self.unit / 3, lambda: self.look_for_commit(process))
        self.loop.after(self.random.uniform(0, 1.5) * self.unit, lambda: process.kill("client"))

    def look_for_commit(self, process):
        until = time.monotonic() + self.unit
        while time.monotonic() < until and os.path.exists(f"/proc/{process.pid}/syscall"):
            if process.calls() & COMMITTING:
                return process.kill("commit")

    def choice(self):
        """The words of a command, what is done with what it prints, and what it reads."""
        pick = self.random.random() * 100
        enqueue = ["enqueue", "--priority", str(self.random.randint(99, 101))]
        length = self.random.randint(0, 3)
        shells = {
            "slow": f"slow {length}", "tree": f"tree {length}",
        }
        for share, kind in ((19, "quick"), (8, "slow"), (14, "tree"), (3, "flaky"), (2, "snooze"), (2, "fatal")):
            if pick < share:
                retry = ["--retry", "fixed:50ms"] if kind == "flaky" else []
                return [*enqueue, *retry, "--shell", self.shell(shells.get(kind, kind))], self.acknowledge, None
            pick -= share
        if pick < 0.4:
            return [*enqueue, "--shell", self.shell("assassin")], self.acknowledge, None
        quick = ["--shell", self.shell("quick")]
        number = str(self.random.randint(1, self.newest))
        copy = self.folder / "copies" / str(self.acts)
        policy = self.random.choice(["existing", "reject", "replace", "debounce", "keep-latest"])
        others = [
            (5, [*enqueue, "--unique", f"key-{self.random.randint(0, 2)}", "--on-conflict", policy, "--delay", "20ms",
                 *quick], self.acknowledge),
            (4, [*enqueue, "--after", str(self.newest), *quick], self.acknowledge),
            (4, [*enqueue, "--delay", f"{self.random.randint(0, 1500)}ms", *quick], self.acknowledge),
            (3, [*enqueue, "--concurrency", "shared:2", *quick], self.acknowledge),
            (2, [*enqueue, "--rate", "slow:20/1s", *quick], self.acknowledge),
            (5, ["run", "job", "--force"], self.acknowledge),
            (2, ["run", "job"], self.acknowledge),
            (3, ["cancel", number], self.note_cancel(number)),
            (2, ["cancel", str(self.newest), "--now"], self.note_cancel(str(self.newest))),
            (5, ["requeue", number], self.acknowledge),
            (2, ["pause", "job"], None),
            (3, ["resume", "job", *self.random.choice([[], ["--catchup"]])], None),
            (2, ["status", "--json"], None),
            (2, ["dispatches", "--json"], None),
            (1, ["logs", number], None),
            (1, ["why", "job"], None),
            (1, ["stat"], None),
            (0.7, ["backup", str(copy)], lambda printed, status: self.copies.append(copy) if status == 0 else None),
        ]
        for share, words, note in others:
            if pick < share:
                return words, note, None
            pick -= share
        if pick < 3:
            line = f'{{"shell": "{self.shell("quick")}"}}\n'
            return ["enqueue", "--stdin", "--json"], self.acknowledge_all, line.encode() * 20
        if pick < 3.5 and not self.is_verifying:
            self.is_verifying = True
            return ["verify"], None, None
        return None, None, None

    def acted(self, process, note):
        self.clients.discard(process)
        words, status = process.words, process.status
        if words[1] == "verify":
            self.is_verifying = False
            self.verified += 1
        if process.was_killed:
            self.count("client", process.killed[0])
        elif status == 3 or status == 4 and not self.keeps_all:
            self.refused += 1
        elif status != 0:
            said = (process.printed + process.complaints).decode(errors="replace")
            self.fault("exit", f"signalbox {' '.join(words[1:])}: {status}: {said[-2000:]}")
        # A number that was printed counts, also when the process was killed after that.
        if note:
            note(process.printed.decode(), status)
        self.act()

    def acknowledge(self, printed, status):
        if printed.endswith("\n"):
            self.newest = max(self.newest, int(printed))
            self.acknowledged.add(int(printed))
        elif status == 0:
            self.fault("exit", f"a number was to be printed, and it was '{printed}'")

    def acknowledge_all(self, printed, status):
        for line in printed.split("\n")[:-1]:
            self.acknowledge(line.split('"id":')[1].split(",")[0] + "\n", status)

    def note_cancel(self, number):
        def note(printed, status):
            if status == 0:
                self.cancelled.setdefault(int(number), time.time())
        return note

    def peek(self):
        """Looks at a page, as a browser does; the server may be gone, and may go."""
        path = self.random.choice(["/", "/dispatches", "/workers", "/queues", "/api/v1/jobs", "/metrics", "/timeline"])
        page = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            page.connect(f"{self.folder}/socket")
            page.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        except OSError:
            page.close()
            return self.loop.after(0, self.act)
        answer = bytearray()

        def read():
            try:
                data = page.recv(1 << 16)
            except ConnectionError:
                data = b""
            answer.extend(data)
            if data:
                return
            self.loop.forget(page)
            page.close()
            self.peeks += 1
            if answer and answer.split(b" ", 2)[1] not in (b"200", b"503"):
                self.fault("page", f"{path}: {answer[:300].decode(errors='replace')}")
            self.act()

        self.loop.watch(page, read)

    # What is told

    def hear(self):
        """Takes in all that the commands have written so far."""
        while True:
            try:
                data = os.read(self.told, 1 << 16)
            except BlockingIOError:
                return
            *lines, self.partial = (self.partial + data).split(b"\n")
            for line in lines:
                text = line.decode()
                self.told_log.write(text + "\n")
                self.ledger.told(text)
                word, _, _, pid = text.split()
                self.take_aim(word, int(pid))

    def execute(self, *words):
        done = subprocess.run([self.signalbox, *words], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"signalbox {' '.join(words)}: {done.stderr}")
        return done.stdout

    def look(self, *words):
        """What a command prints about the store; a fault when it finds one."""
        done = subprocess.run(
            [self.signalbox, *map(str, words)], env=self.environment, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode != 0:
            self.fault(words[0], (done.stdout + done.stderr)[-4000:])
        return done.stdout.strip()

    def listed(self):
        """Every dispatch by its number, page by page."""
        found, before = {}, []
        while True:
            lines = self.look("dispatches", "--json", "--limit", 10000, *before).splitlines()
            page = [json.loads(line) for line in lines]
            if not page:
                return found
            found |= {record["id"]: record for record in page}
            before = ["--before", page[-1]["id"]]

    def find_survivors(self):
        mark = f"SIGNALBOX_RUN_ID={self.ledger.store}-".encode()
        for number in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if mark in Path(f"/proc/{number}/environ").read_bytes():
                    words = Path(f"/proc/{number}/cmdline").read_bytes().replace(bytes(1), b" ").decode()
                    self.fault("survived", f"process {number}: {words}")

    def counts(self):
        return collections.Counter(
            kills=self.kills, stopped=self.stopped, asked=self.asked, commands=self.acts, refused=self.refused,
            verified=self.verified, pages=self.peeks, copies=len(self.copies), acknowledged=len(self.acknowledged),
            dispatches=len(self.ledger.dispatches), lines=self.ledger.lines,
            claims=sum(len(dispatch.claims) for dispatch in self.ledger.dispatches.values()),
            runs=sum(len(dispatch.runs) for dispatch in self.ledger.dispatches.values()),
            crashes=self.ledger.crashes)
