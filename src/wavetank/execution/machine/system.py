"""What the machine allows: the figures that decide how many users it can carry. Read in one place, and only read."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from wavetank.engine.worker.open_files import open_file_limits
from wavetank.execution.machine.cgroup import ControlGroup, is_there, read_control_group

UNLIMITED = 2**63 - 1
"""Stands for a limit that there is none of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFiles:
    """`soft` and `hard` hold for each process, UNLIMITED if need be; `most` is how far root can raise them.

    `system` is for all processes together, `used` how many there are now. None: the system does not tell.
    """

    soft: int | None = None
    hard: int | None = None
    most: int | None = None
    system: int | None = None
    used: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Of the whole machine, in bytes. None: the system does not tell."""

    total: int | None = None
    available: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What one machine allows.

    `platform` is as in `sys.platform`. `cores` are those that this process may use. `ports` is the range of ephemeral
    ports, both ends included, less those that are `reserved_ports` in number; None: the system does not tell.
    """

    platform: str
    cores: int
    files: OpenFiles = field(default_factory=OpenFiles)
    memory: Memory = field(default_factory=Memory)
    group: ControlGroup = field(default_factory=ControlGroup)
    ports: tuple[int, int] | None = None
    reserved_ports: int = 0
    is_container: bool = False

    @property
    def whole_cores(self) -> int:
        """How many workers can each have a core of their own: a quota of 1.5 lets a second one only stand still."""
        if self.group.cpus is None:
            return self.cores
        return max(1, min(self.cores, int(self.group.cpus + 0.01)))

    @property
    def memory_left(self) -> int | None:
        """Bytes that processes may still take, of the machine or of the control group, whichever is less."""
        known = [left for left in (self.memory.available, self.group.memory_left) if left is not None]
        return min(known, default=None)

    @property
    def ports_per_address(self) -> int | None:
        """How many connections to one server one address can have."""
        return None if self.ports is None else max(0, self.ports[1] - self.ports[0] + 1 - self.reserved_ports)


def read_system(root: Path = Path("/"), platform: str = sys.platform) -> System:
    """What this machine allows, as /proc and /sys beneath `root` tell it; elsewhere than on Linux, what Python knows.

    Takes some milliseconds. What cannot be read is unknown, never an error.
    """
    if platform != "linux":
        # macOS says that there is no hard limit, and yet has one, kern.maxfilesperproc: then it is not known.
        soft, hard = open_file_limits() or (-1, -1)
        files = OpenFiles(soft=soft if soft >= 0 else None, hard=hard if hard >= 0 else None)
        return System(platform=platform, cores=os.cpu_count() or 1, files=files)
    ports = numbers(root / "proc/sys/net/ipv4/ip_local_port_range")
    span = (ports[0], ports[1]) if len(ports) == 2 else None
    return System(
        platform=platform,
        cores=_cores(root),
        files=_open_files(root),
        memory=_memory(root),
        group=read_control_group(root),
        ports=span,
        reserved_ports=_reserved(root, span) if span else 0,
        is_container=_is_container(root),
    )


def numbers(path: Path) -> tuple[int, ...]:
    """The whole numbers that a file of /proc or /sys consists of; none if it is not there or holds something else."""
    try:
        return tuple(map(int, path.read_text(encoding="ascii").split()))
    except (OSError, ValueError):
        return ()


def number(path: Path) -> int | None:
    """The first of the numbers in a file, None if there is none."""
    return next(iter(numbers(path)), None)


def text(path: Path) -> str:
    """What a file of /proc or /sys says, without the white space around it; empty if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def listed(span: str) -> frozenset[int]:
    """`0-2,5` as {0, 1, 2, 5}, the kernel's way to write a set; what is no number is left out."""
    found: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", span):
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def _cores(root: Path) -> int:
    allowed = re.search(r"^Cpus_allowed_list:\s*(\S+)$", text(root / "proc/self/status"), re.MULTILINE)
    online = listed(text(root / "sys/devices/system/cpu/online"))
    usable = listed(allowed[1]) if allowed else online
    return len(usable & online if online else usable) or os.cpu_count() or 1


def _open_files(root: Path) -> OpenFiles:
    limits = re.search(r"^Max open files\s+(\S+)\s+(\S+)", text(root / "proc/self/limits"), re.MULTILINE)
    file_nr = numbers(root / "proc/sys/fs/file-nr")
    return OpenFiles(
        soft=_limit(limits[1]) if limits else None,
        hard=_limit(limits[2]) if limits else None,
        most=number(root / "proc/sys/fs/nr_open"),
        system=number(root / "proc/sys/fs/file-max"),
        used=file_nr[0] if file_nr else None,
    )


def _limit(word: str) -> int | None:
    return UNLIMITED if word == "unlimited" else int(word) if word.isdigit() else None


def _memory(root: Path) -> Memory:
    kilobytes = dict(re.findall(r"^(\w+):\s+(\d+) kB$", text(root / "proc/meminfo"), re.MULTILINE))
    total, available = kilobytes.get("MemTotal"), kilobytes.get("MemAvailable")
    return Memory(total=int(total) * 1024 if total else None, available=int(available) * 1024 if available else None)


def _reserved(root: Path, span: tuple[int, int]) -> int:
    reserved = listed(text(root / "proc/sys/net/ipv4/ip_local_reserved_ports"))
    return sum(span[0] <= port <= span[1] for port in reserved)


def _is_container(root: Path) -> bool:
    return any(is_there(root / mark) for mark in (".dockerenv", "run/.containerenv")) or bool(
        re.search(r"docker|kubepods|containerd|libpod", text(root / "proc/self/cgroup"))
    )
