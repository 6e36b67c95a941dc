"""Whose code a file is: the user's own, a library's, or that of the machinery which runs it.

All that Python tells of a frame is the name of its file, and so that is what decides.
"""

from __future__ import annotations

import os
import re
import sysconfig
from enum import Enum
from pathlib import Path
from types import CodeType

_STANDARD_LIBRARY = {
    os.path.normcase(folder)
    for name in ("stdlib", "platstdlib")
    for folder in (sysconfig.get_path(name), os.path.realpath(sysconfig.get_path(name)))
}
_LIBRARIES = tuple(f"{folder}{os.sep}" for folder in sorted(_STANDARD_LIBRARY))
_MACHINERY = (
    f"{os.path.normcase(Path(__file__).parents[1])}{os.sep}",
    *(f"{folder}asyncio{os.sep}" for folder in _LIBRARIES),
)
_INSTALLED = re.compile(r"[\\/](?:site|dist)-packages[\\/]")
# Compiled modules give the path that they had when they were built: `uvloop/loop.pyx`, `wavetank/flow/loops.py`.
_BY_A_BUILD = re.compile(r"(?:^|[\\/](?:site|dist)-packages[\\/])(?:uvloop|winloop|picows|wavetank)[\\/]")


class Origin(Enum):
    """Whose code it is."""

    OWN = "the user's own"
    LIBRARY = "Python's own, or installed"
    MACHINERY = "Wavetank and the event loop"


def origin_of(file_name: str) -> Origin:
    """Whose code a file is, by the name that its code objects have (`co_filename`)."""
    path = os.path.normcase(file_name)
    if path.startswith(_MACHINERY) or _BY_A_BUILD.search(path):
        return Origin.MACHINERY
    # <string>, <frozen os>, <attrs generated init>: nobody wrote it. <stdin> somebody did.
    if path.startswith("<") and path != "<stdin>":
        return Origin.LIBRARY
    return Origin.LIBRARY if path.startswith(_LIBRARIES) or _INSTALLED.search(path) else Origin.OWN


def function_of(code: CodeType) -> str:
    """The function that a person would name: `agent()`, `Client.login()`; of a part of one, the function around it."""
    names = code.co_qualname.split(".<locals>.")
    while len(names) > 1 and names[-1].startswith("<"):
        names.pop()
    return names[-1] if names[-1].startswith("<") else f"{names[-1]}()"
