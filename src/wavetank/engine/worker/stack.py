"""The stack of another thread, without touching it.

`sys._current_frames` gives the frames of other threads, but these go on whenever Python lets them, and in CPython 3.11
`f_back` of a frame that has ended meanwhile leads into memory of something else: a worker died of it after five minutes
on a busy machine. `faulthandler` writes all stacks down in a single call, during which no other thread runs Python.
"""

from __future__ import annotations

import faulthandler
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from typing import IO

DEEPEST = 100
"""`faulthandler` leaves out what is further from the innermost frame."""

_FRAME = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)')
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame is. `function` is its plain name, without that of its class."""

    file: str
    line: int
    function: str


class StackReader:
    """Reads stacks. It has a file of its own, from its making to `close`; raises OSError where there can be none."""

    def __init__(self) -> None:
        self._file: IO[bytes] = (
            os.fdopen(os.memfd_create("wavetank-stack"), "w+b", buffering=0)
            if sys.platform == "linux"
            else tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # it lives as long as this
        )

    def read(self, thread: int) -> list[Place]:
        """The frames of a thread (`threading.get_ident`), the innermost first; empty where there is no such thread."""
        self._file.seek(0)
        self._file.truncate()
        faulthandler.dump_traceback(self._file, all_threads=True)
        self._file.seek(0)
        return stack_in(self._file.read().decode("ascii", "replace"), thread)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def stack_in(text: str, thread: int) -> list[Place]:
    """The frames of a thread in what `faulthandler` writes."""
    begin = re.compile(rf"(?:Thread|Current thread) 0x0*{thread:x}\b")
    places: list[Place] = []
    is_of_thread = False
    for line in text.splitlines():
        if frame := _FRAME.match(line):
            if is_of_thread:
                places.append(Place(_unescaped(frame["file"]), int(frame["line"]), _unescaped(frame["function"])))
        elif "hread 0x" in line:
            is_of_thread = begin.match(line) is not None
    return places


def _unescaped(text: str) -> str:
    """With the letters that it had: whatever is not ASCII is written as an escape."""
    return _ESCAPE.sub(lambda escape: chr(int(escape[1] or escape[2] or escape[3], 16)), text)
