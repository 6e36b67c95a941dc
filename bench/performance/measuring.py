"""One run of one tool, seen from outside: the server counts, the system tells the processor time.

No tool's own figures are used: all are held to the same count and the same clock.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bench.peers.installing import complaint
from bench.peers.peer import NoOutcome, Peer, PeerOutcome
from bench.peers.work import Work
from bench.performance.counters import Counters
from bench.performance.native import PLAIN, Channel, Server, processes_for, running_server
from bench.performance.placement import Placement
from bench.performance.process_tree import Usage, usage_of

SETTLE_S = 1.0
"""Between the last connection and the window."""

_SPARE_S = 3.0
"""How much longer a tool works than it is measured: all take some time to begin."""

_PATIENCE_S = 60.0
_FIRST, _LAST = 0.05, 0.95


class NotCarried(RuntimeError):
    """The tool did not do the work; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of things at one instant."""

    at_s: float
    counters: Counters
    usage: Usage


@dataclass(frozen=True, slots=True)
class Stretch:
    """What happened from one sample to another."""

    begin: Sample
    end: Sample

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end.at_s - self.begin.at_s

    @property
    def cpu_s(self) -> float:
        """The processor time that the tool used: at least half of a tick of the clock that counts it."""
        return max(0.005, self.end.usage.cpu_s - self.begin.usage.cpu_s)

    @property
    def round_trips(self) -> int:
        """How many replies the server sent."""
        return self.end.counters.sent - self.begin.counters.sent

    @property
    def connects(self) -> int:
        """How many WebSockets came to be."""
        return self.end.counters.upgraded - self.begin.counters.upgraded


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: while its connections opened, and while its messages flowed."""

    connecting: Stretch
    working: Stretch
    connections: int
    note: str = ""

    def __str__(self) -> str:
        return (
            f"{self.rate:,.0f} round trips/s on {self.busy:.2f} cores, {self.cpu_us:.1f} us of CPU each; "
            f"{self.connect_rate:,.0f} connects/s, {self.connect_us:.0f} us each, {self.memory_kb:.1f} kB"
        )

    @property
    def rate(self) -> float:
        """Round trips per second."""
        return self.working.round_trips / self.working.seconds

    @property
    def per_cpu_s(self) -> float:
        """Round trips for each second of processor time."""
        return self.working.round_trips / self.working.cpu_s

    @property
    def cpu_us(self) -> float:
        """Processor time of a round trip, microseconds; not a number where there was none."""
        trips = self.working.round_trips
        return 1e6 * self.working.cpu_s / trips if trips else math.nan

    @property
    def busy(self) -> float:
        """How many cores the tool used."""
        return self.working.cpu_s / self.working.seconds

    @property
    def connect_rate(self) -> float:
        """Connections per second."""
        return self.connecting.connects / self.connecting.seconds

    @property
    def connect_us(self) -> float:
        """Processor time of a connection, microseconds; not a number where all came in one instant."""
        connects = self.connecting.connects
        return 1e6 * self.connecting.cpu_s / connects if connects else math.nan

    @property
    def memory_kb(self) -> float:
        """Resident memory of all the tool's processes for each open connection, kB of 1000 bytes."""
        return self.working.end.usage.rss_bytes / self.connections / 1000

    @property
    def more_memory_kb(self) -> float:
        """The same without what there was when the first 5 % of the connections had opened: what one more costs."""
        more = self.working.end.usage.rss_bytes - self.connecting.begin.usage.rss_bytes
        return more / (self.connections * (1 - _FIRST)) / 1000


def measure(
    tool: Peer,
    work: Work,
    placement: Placement,
    *,
    channel: Channel = PLAIN,
    servers: int = 1,
) -> Measured:
    """Lets the tool do the work against a fresh server. `work.seconds` is the window that is measured.

    Raises NotCarried when it did not.
    """
    longer = replace(work, seconds=work.seconds + SETTLE_S + _SPARE_S)
    servers = max(servers, processes_for(work.connections))
    with (
        running_server(placement, workers=servers, channel=channel) as server,
        tempfile.TemporaryDirectory(prefix="wavetank-bench-") as folder,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
    ):
        command = tool.command(longer, server.url, Path(folder))
        process = subprocess.Popen(
            command,
            env=tool.environment(),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=placement.pin(placement.tool),
        )
        try:
            watched = _watch(process, server, work)
            process.wait(timeout=longer.length_s + _PATIENCE_S)
            outcome = tool.outcome(Path(folder))
        except subprocess.TimeoutExpired as error:
            raise NotCarried(f"it did not end within {_PATIENCE_S:g} s of its time") from error
        except (NotCarried, NoOutcome) as error:
            said.seek(0)
            words = said.read().strip()
            raise NotCarried(f"{error} (it said: {complaint(words):.200})" if words else str(error)) from error
        finally:
            _end(process)
        return replace(watched, note=outcome.note or difference(watched, outcome, server.counters()))


def _watch(process: subprocess.Popen[bytes], server: Server, work: Work) -> Measured:
    def sample() -> Sample:
        return Sample(time.perf_counter(), server.counters(), usage_of(process.pid))

    def wait_for(share: float) -> Sample:
        wanted = max(1, round(share * work.connections))
        most = _wait(process, lambda: server.counters().open, wanted, work.connect_s + _PATIENCE_S)
        found = sample()
        if most < wanted:
            raise NotCarried(f"at most {most:,} of {work.connections:,} connections were open at once")
        return found

    first, last = wait_for(_FIRST), wait_for(_LAST)
    wait_for(1.0)
    time.sleep(SETTLE_S)
    begin = sample()
    time.sleep(work.seconds)
    end = sample()
    if end.counters.open < work.connections:
        raise NotCarried(f"{end.counters.open:,} of {work.connections:,} connections stayed open")
    if work.think_s < work.seconds and end.counters.sent == begin.counters.sent:
        raise NotCarried("no messages came")
    return Measured(Stretch(first, last), Stretch(begin, end), work.connections)


def _wait(process: subprocess.Popen[bytes], count: Callable[[], int], wanted: int, patience_s: float) -> int:
    """Waits until as many are counted as wanted, or the process has ended; gives the most that were counted."""
    most, until = count(), time.perf_counter() + patience_s
    while most < wanted and process.poll() is None and time.perf_counter() < until:
        time.sleep(0.005)
        most = max(most, count())
    return most


def difference(watched: Measured, outcome: PeerOutcome, total: Counters) -> str:
    """What the tool says of itself, where that is not what the server saw; empty where it is.

    A tool that tells of its whole run must have counted what the server has; of one that tells of a part of it, the
    rates can be compared, which differ as the rate changes (by 10 % at most, else it is said).
    """
    if outcome.round_trips == total.sent or not watched.working.round_trips:
        return ""
    if abs(outcome.rate / watched.rate - 1) <= 0.1:
        return ""
    return f"it says {outcome.rate:,.0f}/s itself, the server {watched.rate:,.0f}/s"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the tool with all that it started, which has a session of its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
