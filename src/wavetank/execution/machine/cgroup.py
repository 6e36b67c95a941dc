"""What a container, or any control group, leaves to this process: processor time and memory (Linux).

Formats: the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/, and proc_pid_mountinfo(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_NO_LIMIT = 2**60
"""Version 1 says "no limit" with the largest number of whole pages that it knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlGroup:
    """The tightest limits of the groups that this process is in; None: there is none.

    `is_known`: whether groups could be looked at. `cpus` is the quota in cores. `memory_left` is what `memory` leaves,
    in bytes, less what is used already by anything but file pages that can be dropped.
    """

    is_known: bool = False
    cpus: float | None = None
    memory: int | None = None
    memory_left: int | None = None


def read_control_group(root: Path) -> ControlGroup:
    """The limits as /proc and /sys beneath `root` tell them. What cannot be read is no limit."""
    paths = _group_paths(_text(root / "proc/self/cgroup"))
    mounts = _mounts(_text(root / "proc/self/mountinfo"))
    is_known = False
    cpus: list[float] = []
    memory: list[tuple[int, int]] = []  # what is left, and the limit that leaves it
    for controller, hierarchy, path in _places(mounts, paths):
        for folder in _up(root, hierarchy, path):
            is_second = not controller
            is_known = is_known or is_there(folder)
            quota = _cpus_v2(folder) if is_second else _cpus_v1(folder) if controller == "cpu" else None
            bound = _memory_v2(folder) if is_second else _memory_v1(folder) if controller == "memory" else None
            if quota is not None:
                cpus.append(quota)
            if bound is not None:
                memory.append(bound)
    left = min(memory, default=None)
    return ControlGroup(
        is_known=is_known,
        cpus=min(cpus, default=None),
        memory=None if left is None else left[1],
        memory_left=None if left is None else max(0, left[0]),
    )


@dataclass(frozen=True, slots=True)
class _Mount:
    controllers: tuple[str, ...]  # none: version 2
    root: str
    point: str


def _group_paths(text: str | None) -> dict[str, str]:
    """`4:memory:/a` as {"memory": "/a"}; version 2, whose line is `0::/a`, under the empty name."""
    paths: dict[str, str] = {}
    for line in (text or "").splitlines():
        _, colon, rest = line.partition(":")
        controllers, second_colon, path = rest.partition(":")
        if colon and second_colon and path.startswith("/"):
            for controller in controllers.split(","):
                paths.setdefault(controller, path)
    return paths


def _mounts(text: str | None) -> list[_Mount]:
    found = []
    for line in (text or "").splitlines():
        mount, dash, kind = line.partition(" - ")
        fields, described = mount.split(" "), kind.split(" ")
        if not dash or len(fields) < 5 or described[0] not in ("cgroup", "cgroup2"):
            continue
        options = described[2].split(",") if described[0] == "cgroup" and len(described) > 2 else []
        found.append(_Mount(tuple(options), _unescaped(fields[3]), _unescaped(fields[4])))
    return found


def _unescaped(text: str) -> str:
    """A space stands as a backslash and 040, its octal number."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _places(mounts: list[_Mount], paths: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Of each controller that counts: its name ("" of version 2), where it is mounted, and our group beneath that."""
    for mount in mounts:
        for controller in [name for name in mount.controllers if name in ("cpu", "memory")] or (
            [] if mount.controllers else [""]
        ):
            path = paths.get(controller, "/")
            inside = path.removeprefix(mount.root.rstrip("/")) if path.startswith(mount.root) else "/"
            yield controller, mount.point, inside


def _up(root: Path, mounted: str, path: str) -> Iterator[Path]:
    """The folder of a group and those of all groups that it is in, as far as they can be seen from here."""
    top = root / mounted.lstrip("/")
    group = PurePosixPath("/" + path.lstrip("/"))
    for part in (group, *group.parents):
        if ".." not in part.parts:  # a group outside of what this namespace may see
            yield top / str(part).lstrip("/")


def _cpus_v2(folder: Path) -> float | None:
    """`200000 100000` in cpu.max, quota and period in µs, is 2 cores; `max 100000` is no limit."""
    fields = (_text(folder / "cpu.max") or "").split()
    if len(fields) != 2:
        return None
    quota, period = _whole(fields[0]), _whole(fields[1])
    return quota / period if quota and period else None


def _cpus_v1(folder: Path) -> float | None:
    quota, period = (_number(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    return quota / period if quota and period else None


def _memory_v2(folder: Path) -> tuple[int, int] | None:
    return _left(_number(folder / "memory.max"), _number(folder / "memory.current"), folder, "inactive_file")


def _memory_v1(folder: Path) -> tuple[int, int] | None:
    limit, used = _number(folder / "memory.limit_in_bytes"), _number(folder / "memory.usage_in_bytes")
    return _left(limit, used, folder, "total_inactive_file")


def _left(limit: int | None, used: int | None, folder: Path, droppable: str) -> tuple[int, int] | None:
    if limit is None or limit >= _NO_LIMIT:
        return None
    found = re.search(rf"^{droppable} (\d+)$", _text(folder / "memory.stat") or "", re.MULTILINE)
    return limit - max(0, (used or 0) - (int(found[1]) if found else 0)), limit


def _number(path: Path) -> int | None:
    return _whole((_text(path) or "").strip())


def _whole(text: str) -> int | None:
    """A number that is not negative; -1 and `max` mean no limit."""
    return int(text) if text.isascii() and text.isdigit() else None


def is_there(path: Path) -> bool:
    """Whether there is a file or a folder that may be looked at. Unlike `Path.exists` it never raises."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None
