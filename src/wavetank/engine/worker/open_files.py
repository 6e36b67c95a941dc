"""How many files, and so connections, this process may hold open."""

from __future__ import annotations

import contextlib
import os
import sys

if sys.platform != "win32":
    import fcntl
    import resource

SPARE_FILES = 64
"""What a worker keeps open besides its connections: libraries, pipes, the journal, what functions of a script open."""


_ROOM = 65_536
"""Open files that room is made for: half a megabyte of the kernel's memory."""


def open_file_limits() -> tuple[int, int] | None:
    """The soft and the hard limit, -1 for none; None on Windows, which has no such limit."""
    if sys.platform == "win32":
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (-1 if soft == resource.RLIM_INFINITY else soft), (-1 if hard == resource.RLIM_INFINITY else hard)


def raise_open_file_limit() -> None:
    """Raises the soft limit of open files to the hard limit. Does nothing where there is none (Windows)."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS reports no hard limit and yet refuses more than kern.maxfilesperproc, so less is tried after that.
    for limit in (hard, 1_048_576, 245_760, 61_440, 10_240):
        if soft != resource.RLIM_INFINITY and (limit == resource.RLIM_INFINITY or limit > soft):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
                return


def make_room_for_open_files() -> None:
    """Lets the system make its table of this process's open files long at once. To be called before threads begin.

    Linux doubles the table at the 64th file, the 128th, the 256th and so on, and where there are threads whoever opens
    that file stands still for 10 ms, until each core has been seen to: the loop did, in the first seconds of a run.
    """
    if sys.platform != "linux":
        return
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    last = (_ROOM if soft == resource.RLIM_INFINITY else min(soft, _ROOM)) - 1
    with contextlib.suppress(OSError):  # then the table grows when it must
        file = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.close(fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, last))
        finally:
            os.close(file)
