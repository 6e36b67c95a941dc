"""Is the generator itself keeping up? A worker watches its own loop, processor time, pauses and memory.

What can be watched depends on the system: time spent waiting for a core is told by Linux alone, memory not by Windows.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from time import perf_counter_ns, process_time_ns, thread_time_ns

from wavetank.engine.clock.timers import Timer, Timers
from wavetank.engine.worker.blocking import BlockingWatch
from wavetank.metrics.names import GC_PAUSE, LOOP_LAG, MEMORY, STALL
from wavetank.metrics.recorder import Recorder

if sys.platform != "win32":
    import resource

EVERY_NS = 9_973_000
"""About every 10 ms: a prime number of microseconds, so that no schedule of users stays in step with the looks."""

_LOOKS_AT_ONCE = 60_000
"""After a standstill of ten minutes, what is beyond is not told apart any more."""


class HealthWatch:
    """Asks the loop every 10 ms to be back at a planned instant, and writes down what came of it.

    Into `generator.loop_lag` (ns) goes how much later it was, once for each instant planned: a loop that stands still
    for 200 ms has missed twenty of them, by 200, 190, 180, … ms. That is the delay that anything at a random instant
    met with. Into `generator.stall` goes the part of it in which this worker did not work: its core was taken away, or
    a call blocked it. Into `generator.gc_pause` go the pauses of the garbage collector.

    Where users have code of their own, the recorder is also told in which place of it the loop stood still
    (`BlockingWatch`).
    """

    def __init__(self, timers: Timers, recorder: Recorder, *, own_code: bool = False) -> None:
        """To be used in the thread that runs the loop of `timers`. `own_code`: users run functions of a script."""
        self._timers = timers
        self._blocking = BlockingWatch(recorder.blocked) if own_code else None
        self._loop_lag = recorder.samples(LOOP_LAG)
        self._stalls = recorder.samples(STALL)
        self._gc_pauses = recorder.samples(GC_PAUSE)
        self._timer: Timer | None = None
        self._run_delay: _RunDelay | None = None
        self._statm: _Numbers | None = None
        self._due_ns = 0
        self._worked_ns = self._waited_ns = 0
        self._cpu_ns = self._wall_ns = self._waited_before_ns = 0
        self._gc_started_ns = 0

    def start(self) -> None:
        """Begin to measure. Must be called in the running loop."""
        self._run_delay, self._statm = _RunDelay(), _Numbers("/proc/self/statm")
        self._wall_ns, self._cpu_ns = perf_counter_ns(), process_time_ns()
        self._worked_ns = thread_time_ns()
        self._waited_ns = self._waited_before_ns = self._run_delay.total_ns()
        gc.callbacks.append(self._collecting)
        self._due_ns = self._wall_ns + EVERY_NS
        self._timer = self._timers.at(self._due_ns, self._look)
        if self._blocking is not None:
            self._blocking.start(self._wall_ns)

    def stop(self) -> None:
        """Measure no more. Safe to call twice, and before `start`."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._look_back(perf_counter_ns())
        if self._blocking is not None:
            self._blocking.stop()
        if self._run_delay is not None:
            gc.callbacks.remove(self._collecting)
            self._waited_ns = self._run_delay.total_ns()
            self._run_delay.close()
            self._run_delay = None
        if self._statm is not None:
            self._statm.close()
            self._statm = None

    def readings(self) -> dict[str, float]:
        """Means since the last call, and the peak memory so far.

        `cpu_percent` (100 is one core), `waited_percent` (share of the time in which the worker could have run and had
        no core) and `rss_mb` (MiB); each only where the system tells it.
        """
        cpu_ns, wall_ns = process_time_ns(), perf_counter_ns()
        elapsed = max(1, wall_ns - self._wall_ns)
        readings = {"cpu_percent": 100 * (cpu_ns - self._cpu_ns) / elapsed}
        waited_ns = self._waited_ns if self._run_delay is None else self._run_delay.total_ns()
        readings["waited_percent"] = 100 * (waited_ns - self._waited_before_ns) / elapsed
        self._cpu_ns, self._wall_ns, self._waited_before_ns = cpu_ns, wall_ns, waited_ns
        if sys.platform != "win32":
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            readings["rss_mb"] = peak / (2**20 if sys.platform == "darwin" else 2**10)
        return readings

    def gauges(self) -> dict[str, float]:
        """`generator.memory`: what the process holds right now (MiB), where the system tells it cheaply."""
        file = self._statm or _Numbers("/proc/self/statm")
        numbers = file.numbers()
        if file is not self._statm:
            file.close()
        return {MEMORY: numbers[1] * os.sysconf("SC_PAGE_SIZE") / 2**20} if len(numbers) > 1 else {}

    def _look(self) -> None:
        now = perf_counter_ns()
        self._look_back(now)
        self._timer = self._timers.at(self._due_ns, self._look)

    def _look_back(self, now: int) -> None:
        """Write down every planned instant that has passed since the last look."""
        worked_ns = thread_time_ns()
        waited_ns = self._run_delay.total_ns() if self._run_delay is not None else self._waited_ns
        worked, waited = worked_ns - self._worked_ns, waited_ns - self._waited_ns
        self._worked_ns, self._waited_ns = worked_ns, waited_ns
        due = self._due_ns
        if self._blocking is not None:
            self._blocking.back(now, max(0, now - due), waited)
        if now - due > EVERY_NS * _LOOKS_AT_ONCE:
            due = now - EVERY_NS * _LOOKS_AT_ONCE
        while due <= now:
            lag = now - due
            self._loop_lag.append(lag)
            # Whatever was not work was a stall, and so was every wait for a core, on which the work then came.
            self._stalls.append(min(lag, max(0, lag - worked, waited)))
            due += EVERY_NS
        self._due_ns = due

    def _collecting(self, phase: str, info: object) -> None:
        if phase == "start":
            self._gc_started_ns = perf_counter_ns()
        elif self._gc_started_ns:
            self._gc_pauses.append(perf_counter_ns() - self._gc_started_ns)
            self._gc_started_ns = 0


class _Numbers:
    """The numbers in a file of /proc. It stays open, since to open it takes ten times as long as to read it."""

    def __init__(self, path: str) -> None:
        self._descriptor = -1
        if sys.platform == "linux":
            with suppress(OSError):  # a kernel without it, or no file descriptor left
                self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def numbers(self) -> list[int]:
        """As they are now; none where the system does not tell."""
        if self._descriptor >= 0:
            with suppress(OSError, ValueError):
                return [int(field) for field in os.pread(self._descriptor, 128, 0).split()]
        return []

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _RunDelay:
    """How long this thread was runnable and had no core, as Linux counts it; elsewhere always 0.

    The second number of /proc/<thread>/schedstat, in nanoseconds (Documentation/scheduler/sched-stats.rst).
    """

    def __init__(self) -> None:
        self._file = _Numbers("/proc/thread-self/schedstat")
        self._total_ns = 0

    def total_ns(self) -> int:
        """Since the thread's start."""
        numbers = self._file.numbers()
        if len(numbers) > 1:
            self._total_ns = numbers[1]
        return self._total_ns

    def close(self) -> None:
        """Close the file."""
        self._file.close()
