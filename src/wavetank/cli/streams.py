"""The last words of a process, whose readers may have gone (`| head`, a terminal that was closed)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TextIO


def settle(*streams: TextIO) -> None:
    """Write what is left in them; where nobody takes it, drop it.

    Else the interpreter's own last flush would fail over it, and make the exit code 120.
    """
    for stream in streams:
        try:
            stream.flush()
        except (OSError, ValueError):  # ValueError: it is closed
            with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())
