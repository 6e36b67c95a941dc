"""What a plan asks of this machine, and whether the machine has it."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.target import usable_cores

from wavetank.plan.forecast import forecast
from wavetank.plan.model import Plan

if sys.platform != "win32":
    import resource

USER_BYTES = 40 * 1024
"""Of a user and its connection, in all processes and in the kernel.

20 KB are promised of the generator; the server and the kernel's buffers on both sides take no more than the rest while
messages are short.
"""

_SPARE_FILES = 200


@dataclass(frozen=True, slots=True)
class Machine:
    """`files`: how many one process may hold open, None for any number. `memory`: bytes to be had, None: unknown."""

    cores: int
    files: int | None
    memory: int | None


@dataclass(frozen=True, slots=True)
class Needs:
    """What a plan asks for: users altogether and at once, the most arrivals a second, seconds of arrivals and of a
    session, processes (so many of the generator, and so many of the server), and bytes of memory.
    """

    users: int
    at_once: int
    peak_rate: float
    duration_s: float
    session_s: float
    processes: int
    memory: int

    def missing(self, machine: Machine) -> str:
        """What the machine does not have of it, in a few words; empty where it has everything."""
        if machine.memory is not None and self.memory > machine.memory:
            return f"{self.memory / 2**30:.1f} GiB of memory are needed, and {machine.memory / 2**30:.1f} are free"
        return ""


def this_machine() -> Machine:
    """What is here, now."""
    files = None
    if sys.platform != "win32":
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        files = None if hard == resource.RLIM_INFINITY else hard
    return Machine(usable_cores(), files, _free_bytes())


def needs_of(plan: Plan, machine: Machine) -> Needs:
    """What the plan asks of such a machine."""
    planned = forecast(plan)
    return Needs(
        users=planned.users,
        at_once=planned.peak_users,
        peak_rate=planned.peak_rate,
        duration_s=planned.duration_s,
        session_s=planned.session_s,
        processes=_processes(planned.peak_users, machine),
        memory=planned.peak_users * USER_BYTES,
    )


def _processes(connections: int, machine: Machine) -> int:
    """One for each core, and more where the limit of open files asks for more."""
    if machine.files is None:
        return machine.cores
    return max(machine.cores, math.ceil(connections / max(machine.files - _SPARE_FILES, 1)))


def _free_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    free = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return free[0] * 1024 if free else None
