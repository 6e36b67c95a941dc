"""Where an experiment took place, and who else used the machine meanwhile."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from time import perf_counter

from wavetank.engine.compiled import is_compiled

_PACKAGES = ("wavetank", "picows", "uvloop", "winloop", "numpy")


class Others:
    """Watches how much processor time is used that is not of this process and of its children that have ended."""

    def __init__(self) -> None:
        self._began_at = perf_counter()
        self._foreign_s = _foreign_s()

    def cores(self) -> float | None:
        """How many cores others have used since, on the average; None where the system does not say."""
        if self._foreign_s is None or (now := _foreign_s()) is None:
            return None
        return max(0.0, now - self._foreign_s) / (perf_counter() - self._began_at)


def _foreign_s() -> float | None:
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    except OSError:
        return None
    ticks = [int(field) for field in first.split()[1:9]]
    used_s = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")  # all but idle and waiting for a disk
    ours = os.times()
    return used_s - (ours.user + ours.system + ours.children_user + ours.children_system)


def this_machine() -> str:
    """The machine, the system and the Python, as one sentence."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_processor()}, {cores} cores usable, {platform.system()} {platform.release()}, {python}"


def versions(others: Iterable[str] = ()) -> str:
    """What did the work, with versions; `others` are added as they are."""
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join([*found, f"the hot modules {'compiled' if is_compiled() else 'not compiled'}", *others])


def again(command: str) -> str:
    """What to type to have an experiment repeated, wherever the project has been cloned."""
    return f"make compiled && .venv-compiled/bin/python {command}"


def today() -> str:
    """The date and time, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
