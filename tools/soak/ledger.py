"""What the commands told of themselves, held against what the store says of them.

Two streams are compared. The feed (`signalbox watch`) has every transition of every dispatch in the order of the
commits, each with the number of its transaction; the number of a claim's transaction is the token in SIGNALBOX_RUN_ID.
The commands write a line when they begin and one when they end, each by one write to one fifo, so their order is that
in which it happened.
"""
import collections
import datetime
import json

TERMINAL = {"SUCCESS", "FAILED", "CANCELLED", "SKIPPED"}
# What may follow on what.
STEPS = {
    None: {"SCHEDULED", "BLOCKED", "PENDING", "SKIPPED", "CANCELLED"},
    "SCHEDULED": {"PENDING", "BLOCKED", "SCHEDULED", "FAILED", "CANCELLED", "SKIPPED"},
    "BLOCKED": {"PENDING", "BLOCKED", "SCHEDULED", "FAILED", "CANCELLED", "SKIPPED"},
    "PENDING": {"IN_PROGRESS", "BLOCKED", "SCHEDULED", "FAILED", "CANCELLED", "SKIPPED"},
    "IN_PROGRESS": {"SCHEDULED", "PENDING", "SUCCESS", "FAILED", "CANCELLED"},
}


class Run:
    """One start of a command."""

    def __init__(self, token, worker, kind):
        self.token, self.worker, self.kind = token, worker, kind
        self.has_ended = False


class Dispatch:
    def __init__(self):
        self.state = None
        self.attempt = 0
        # The times of its claims by token, in order.
        self.claims = {}
        self.successes = 0
        # Its starts by token, in order.
        self.runs = {}

    @property
    def newest(self):
        """What ran for its newest claim; None when that has not begun."""
        return self.runs.get(next(reversed(self.claims))) if self.claims else None


class Ledger:
    def __init__(self, fault):
        self.fault = fault
        self.dispatches = collections.defaultdict(Dispatch)
        self.seq = 0
        self.open = set()
        self.lines = 0
        # The seconds from the death of a worker to the transaction that gave back what it ran.
        self.rescues = []
        self.crashes = 0
        # The mark of the store in the run ids of its commands.
        self.store = None
        # The process of that number, if it is or was a worker.
        self.process = lambda pid: None
        # Told of each claim.
        self.on_claim = lambda: None

    # What the commands say

    def told(self, line):
        """A line of a command; what it must not do is found out at once."""
        self.lines += 1
        word, run_id, kind, worker = line.split()
        self.store, number, token = run_id.rsplit("-", 2)
        number, token = int(number), int(token)
        dispatch = self.dispatches[number]
        where = f"dispatch {number}, claim {token}"
        if dispatch.state in TERMINAL:
            self.fault("after the end", f"{where}: wrote '{word}' after {dispatch.state} was recorded")
        if dispatch.runs and token < next(reversed(dispatch.runs)):
            self.fault("overlap", f"{where}: wrote '{word}' after a later attempt had begun")
        if word == "begin":
            if token in dispatch.runs:
                self.fault("doubled", f"{where}: began twice")
            dispatch.runs[token] = Run(token, int(worker), kind)
        elif word == "end":
            run = dispatch.runs.get(token)
            if run is None or run.has_ended:
                self.fault("doubled", f"{where}: ended {'twice' if run else 'and had not begun'}")
            else:
                run.has_ended = True
        else:
            self.fault("overlap", f"{where}: {word}")

    # What the store says

    def feed(self, line):
        frame = json.loads(line)
        if "changes" not in frame:
            return self.fault("feed", f"the feed says {line}")
        if frame["seq"] <= self.seq:
            self.fault("feed", f"the feed gave {frame['seq']} after {self.seq}")
        self.seq = frame["seq"]
        changes = frame["changes"]
        for index, change in enumerate(changes):
            following = changes[index + 1] if index + 1 < len(changes) else {}
            is_rescue = (
                change["from"] == "IN_PROGRESS" and change["to"] == "SCHEDULED" and following.get("id") == change["id"])
            self.changed(change, frame["txn"], is_rescue)

    def changed(self, change, transaction, is_rescue):
        number, before, after = change["id"], change["from"], change["to"]
        dispatch = self.dispatches[number]
        if before != dispatch.state:
            self.fault("feed", f"dispatch {number}: went from {before}, and was {dispatch.state}")
        elif after not in STEPS.get(before, ()):
            self.fault("doubled", f"dispatch {number}: went from {before} to {after}")
        if is_rescue:
            self.rescued(dispatch, number, change["at"])
        dispatch.state, dispatch.attempt = after, change["attempt"]
        if after == "IN_PROGRESS":
            dispatch.claims[transaction] = seconds(change["at"])
            self.on_claim()
        if after == "SUCCESS":
            dispatch.successes += 1
            if dispatch.successes > 1:
                self.fault("doubled", f"dispatch {number}: is SUCCESS for the second time")
        (self.open.discard if after in TERMINAL else self.open.add)(number)

    def rescued(self, dispatch, number, at):
        """Its worker is counted dead, so it must be: a slow one is never taken for dead."""
        self.crashes += 1
        run = dispatch.newest
        process = self.process(run.worker) if run else None
        if process is None:
            return
        if process.killed:
            self.rescues.append(max(0, seconds(at) - process.killed[1]))
        elif not process.has_ended:
            self.fault("rescued alive", f"dispatch {number}: was taken from worker process {run.worker}, which lives")

    # At the end

    def compare(self, listed, acknowledged, cancelled, keeps_all):
        """`listed`: what `dispatches --json` says, by number; `cancelled`: when that was acknowledged; `keeps_all`:
        whether none of what has ended was to go.
        """
        for number, moment in cancelled.items():
            if any(claimed > moment for claimed in self.dispatches[number].claims.values()):
                self.fault("cancelled", f"dispatch {number} was cancelled, and claimed after that")
        for number in acknowledged:
            if self.dispatches[number].state is None:
                self.fault("lost", f"dispatch {number} was acknowledged and never in the feed")
        for number, dispatch in self.dispatches.items():
            record = listed.get(number)
            if record is None:
                if keeps_all or dispatch.state not in TERMINAL:
                    self.fault("lost", f"dispatch {number}, {dispatch.state}, is not there")
                continue
            if (record["state"], record["attempt"]) != (dispatch.state, dispatch.attempt):
                self.fault(
                    "feed", f"dispatch {number} is {record['state']} with attempt {record['attempt']}, and in the feed "
                    f"{dispatch.state} with {dispatch.attempt}")
            self.judge(number, dispatch, record)
        for number in listed.keys() - self.dispatches.keys():
            self.fault("feed", f"dispatch {number} is in the list and not in the feed")

    def judge(self, number, dispatch, record):
        for token in dispatch.runs:
            if token not in dispatch.claims:
                self.fault("unclaimed", f"dispatch {number} ran for the claim {token}, which is not in the feed")
        if len(dispatch.runs) > len(dispatch.claims):
            self.fault("attempts", f"dispatch {number} ran {len(dispatch.runs)} times, claimed {len(dispatch.claims)}")
        # A failure uses up an attempt; a crash does not, and the third is the end.
        if record["attempt"] > record["max_attempts"] + record["crashes"] or record["crashes"] > 3:
            self.fault(
                "attempts", f"dispatch {number}: {record['attempt']} attempts of {record['max_attempts']}, "
                f"{record['crashes']} crashes")
        if record["state"] != "SUCCESS":
            return
        if dispatch.newest is None or not dispatch.newest.has_ended:
            self.fault("unfounded", f"dispatch {number} is SUCCESS, and did not get to its end for its last claim")


def seconds(at):
    """The seconds since 1970 of a time as the feed writes it."""
    return datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
