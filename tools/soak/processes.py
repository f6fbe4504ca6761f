"""One thread that waits for everything: processes and their output, sockets, and the time."""
import heapq
import itertools
import os
import selectors
import signal
import subprocess
import time


class Loop:
    """Calls what was asked for when a descriptor can be read, or a time has come."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.timers = []
        self.order = itertools.count()

    def watch(self, descriptor, action, events=selectors.EVENT_READ):
        self.selector.register(descriptor, events, action)

    def forget(self, descriptor):
        self.selector.unregister(descriptor)

    def after(self, seconds, action):
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.order), action))

    def run_until(self, condition, patience):
        """False when `patience`, in seconds, ended before the condition came true."""
        ends = time.monotonic() + patience
        while not condition():
            now = time.monotonic()
            if now >= ends:
                return False
            self.turn(min(ends, self.timers[0][0] if self.timers else ends) - now)
        return True

    def turn(self, timeout):
        for key, _ in self.selector.select(max(0, timeout)):
            key.data()
        while self.timers and self.timers[0][0] <= time.monotonic():
            heapq.heappop(self.timers)[2]()


class Process:
    """A process, with what it prints by lines. It does not outlive this one, however this one ends."""

    def __init__(self, loop, words, environment, on_end, on_line=None, text=None):
        self.loop, self.words, self.on_end, self.on_line = loop, words, on_end, on_line
        self.started = time.monotonic()
        self.printed, self.complaints = bytearray(), bytearray()
        self.status = None
        self.is_stopped = False
        # When and by what it was killed here; None: it was not.
        self.killed = None
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *words], env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, stdin=subprocess.PIPE if text else subprocess.DEVNULL,
            # Ctrl-C is for the tool alone.
            start_new_session=True)
        self.pid = self.process.pid
        if text:
            # It fits into the pipe.
            self.process.stdin.write(text)
            self.process.stdin.close()
        self.handle = os.pidfd_open(self.pid)
        loop.watch(self.handle, self.ended)
        self.pipes = {}
        for pipe, kept in ((self.process.stdout, self.printed), (self.process.stderr, self.complaints)):
            os.set_blocking(pipe.fileno(), False)
            self.pipes[pipe.fileno()] = kept
            loop.watch(pipe.fileno(), lambda number=pipe.fileno(): self.read(number))

    def read(self, number):
        """False when there is nothing more for now."""
        kept = self.pipes.get(number)
        if kept is None:
            return False
        try:
            data = os.read(number, 1 << 16)
        except BlockingIOError:
            return False
        if not data:
            self.loop.forget(number)
            del self.pipes[number]
            return False
        kept += data
        if self.on_line:
            *lines, rest = kept.split(b"\n")
            kept[:] = rest
            for line in lines:
                self.on_line(line.decode(errors="replace"))
        return True

    def ended(self):
        self.loop.forget(self.handle)
        self.status = self.process.wait()
        os.close(self.handle)
        for number in list(self.pipes):
            while self.read(number):
                pass
        for number in list(self.pipes):
            self.loop.forget(number)
        self.process.stdout.close()
        self.process.stderr.close()
        self.on_end(self)

    def signal(self, number):
        """False when it has ended."""
        if self.status is not None:
            return False
        try:
            signal.pidfd_send_signal(self.handle, number)
        except ProcessLookupError:
            return False
        self.is_stopped = number == signal.SIGSTOP or self.is_stopped and number != signal.SIGCONT
        return True

    def kill(self, why):
        """Counts as killed only when that is what it ends by."""
        if self.killed is None and self.signal(signal.SIGKILL):
            self.killed = (why, time.time())

    @property
    def has_ended(self):
        """True also when that has not been seen to yet."""
        return self.status is not None or bool(
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT))

    @property
    def was_killed(self):
        return self.status == -signal.SIGKILL

    def calls(self):
        """The numbers of the system calls that its threads are in."""
        found = set()
        try:
            for thread in os.listdir(f"/proc/{self.pid}/task"):
                with open(f"/proc/{self.pid}/task/{thread}/syscall") as file:
                    found.add(file.read().split(" ", 1)[0])
        except OSError:
            pass
        return found

    def holds_lock_at(self, offset):
        """Whether it has locked the byte at `offset` of a file, as long as its descriptor is open."""
        try:
            for name in os.listdir(f"/proc/{self.pid}/fdinfo"):
                with open(f"/proc/{self.pid}/fdinfo/{name}") as file:
                    if any(line.startswith("lock:") and line.split()[-2] == str(offset) for line in file):
                        return True
        except OSError:
            pass
        return False
