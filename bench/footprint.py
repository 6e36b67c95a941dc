"""What a group of processes has cost: processor time and memory, as Linux tells it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True)
class Footprint:
    """Of all processes of a group that are there now.

    `cpu_s` is the processor time of these and of children that they have waited for, since they began. `peak_bytes`
    is the sum of the most memory that each has held (resident, without what the kernel keeps for its sockets).
    """

    processes: int
    cpu_s: float
    peak_bytes: int


def footprint(group: int) -> Footprint | None:
    """Of the process group; None where the system does not say (anything but Linux)."""
    if not _PROCESSES.is_dir() or not hasattr(os, "sysconf"):
        return None
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    processes, ticks, peak_bytes = 0, 0, 0
    for process in _processes_of(group):
        try:
            fields = stat_fields((process / "stat").read_text(encoding="utf-8", errors="replace"))
            status = (process / "status").read_text(encoding="utf-8", errors="replace")
        except OSError:  # it has ended meanwhile
            continue
        processes += 1
        ticks += sum(map(int, fields[11:15]))
        peak_bytes += peak_of(status)
    return Footprint(processes, ticks * tick_s, peak_bytes)


def stat_fields(stat: str) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on: a name with spaces or parentheses in it does no harm."""
    return stat[stat.rindex(")") + 2 :].split()


def peak_of(status: str) -> int:
    """The most memory (bytes) that a process has held, by its /proc/<pid>/status; 0 for one that has ended."""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _processes_of(group: int) -> Iterator[Path]:
    for process in _PROCESSES.iterdir():
        if not process.name.isdigit():
            continue
        try:
            fields = stat_fields((process / "stat").read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        if int(fields[2]) == group:
            yield process
