"""A worker that was lost on the way, and with it a share of the load."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loss:
    """Worker `worker` of `of` is gone: after `last_ns`, nanoseconds from the run's start, nothing of its share was run.

    What it measured until then is kept. `reason` is the end of a sentence about the worker.
    """

    worker: int
    of: int
    last_ns: int
    reason: str
