"""Waiting for `resume`: what the coroutine of a `Driver` awaits.

Not among the modules that are compiled: to `types.coroutine` a generator of mypyc's is none, and it wraps it in Python.
"""

from __future__ import annotations

import types
from collections.abc import Generator
from typing import Any

PARKED = object()


@types.coroutine
def parked() -> Generator[object, Any, Any]:
    """Wait until somebody calls `resume` or `throw` of the running `Driver`; gives the value of `resume`.

    Only a coroutine that a `Driver` drives may await it. Whoever parks must take its own registration (a timer, a
    waiting reply) back when the wait ends by an exception, or a later `resume` would wake the wrong wait.
    """
    return (yield PARKED)
