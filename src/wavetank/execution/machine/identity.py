"""What a run was carried out with: the machine, and the versions of what does the work."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata

_PACKAGES = ("wavetank", "picows", "uvloop" if sys.platform != "win32" else "winloop", "orjson", "numpy")


def this_machine() -> dict[str, object]:
    """The platform, the Python in use, and how many processors there are (None: unknown) and may be used."""
    return {
        "platform": platform.platform(),
        "architecture": platform.machine(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cpus": os.cpu_count(),
        "cpus_usable": usable_cores(),
    }


def usable_cores() -> int:
    """How many cores this process may use: its affinity counts, where the system knows one."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def package_versions() -> dict[str, str | None]:
    """The versions of Wavetank and of the packages in its hot path; None for one that is not installed."""
    return {package: _version(package) for package in _PACKAGES}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
