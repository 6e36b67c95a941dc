"""Processor time and memory of a process and of everything that it has started, from Linux's /proc.

It can be read at any instant, so what a tool does before and after the work (imports, reports) is left out, which the
resource usage of a whole process cannot do.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor time (s) until now, of children that have ended, too; and resident memory (bytes) now."""

    cpu_s: float
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Process:
    """A line of /proc/<pid>/stat: times in ticks of the system's clock, memory in pages."""

    pid: int
    parent: int
    ticks: int
    pages: int


def parse_stat(line: str) -> Process:
    """proc(5): the name stands in brackets and may itself have blanks and brackets. Raises ValueError."""
    head, _, rest = line.rpartition(")")
    fields = rest.split()
    # Fields 14 to 17: user and system time, of the process and of its children that have ended and were waited for.
    ticks = sum(int(field) for field in fields[11:15])
    return Process(int(head.split()[0]), int(fields[1]), ticks, int(fields[21]))


def family(processes: Mapping[int, Process], root: int) -> list[Process]:
    """The process `root` and all that descend from it; nothing where it is not there."""
    if root not in processes:
        return []
    found, children = [processes[root]], _by_parent(processes.values())
    for process in found:  # grows while it is gone through
        found += children.get(process.pid, [])
    return found


def usage_of(root: int) -> Usage:
    """What the process `root` and its descendants have used; zeros when it has ended."""
    members = family(_all_processes(), root)
    ticks, pages = sum(one.ticks for one in members), sum(one.pages for one in members)
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE"))


def _by_parent(processes: Iterable[Process]) -> dict[int, list[Process]]:
    children: dict[int, list[Process]] = {}
    for process in processes:
        children.setdefault(process.parent, []).append(process)
    return children


def _all_processes() -> dict[int, Process]:
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            process = parse_stat((folder / "stat").read_text(encoding="utf-8", errors="replace"))
        except (OSError, ValueError, IndexError):  # it has ended meanwhile
            continue
        found[process.pid] = process
    return found
