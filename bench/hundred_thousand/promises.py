"""What a crowd promises, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from bench.big_run import BigRun
from bench.hundred_thousand.crowd import Crowd

USER_BYTES = 20 * 1024
"""The most memory that an open user may take, of all processes of the generator."""

FEW = 10_000
"""With fewer users than this, the memory of a user is mostly that of the processes themselves."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that has to hold: what was `wanted`, what was `seen`, in words."""

    what: str
    wanted: str
    seen: str
    kept: bool


def promises(crowd: Crowd, run: BigRun) -> list[Promise]:
    """Everything that has to hold, in the order in which it is read."""
    lost = run.counter("websocket.replies_lost")
    together_s = together(crowd, run)
    made = [
        _count("users open at once", crowd.users, round(run.gauge("websocket.open"))),
        Promise(
            "all of them together for",
            f"at least {crowd.hold_s:g} s",
            f"{together_s:,.1f} s",
            together_s >= crowd.hold_s,
        ),
        _count("users who came to the end", crowd.users, run.counter("vusers.completed")),
        _count("users who failed", 0, run.counter("vusers.failed")),
        _count("messages sent", crowd.messages, run.counter("websocket.messages_sent")),
        _count("of them answered", crowd.messages, run.counter("websocket.replies")),
        _count("replies lost", 0, lost),
        Promise("the figures are to be trusted", "yes", "yes" if run.trusted else "no", run.trusted),
        Promise("the run is complete", "yes", "yes" if run.complete else "no", run.complete),
    ]
    if run.generator.peak_bytes is not None and crowd.users >= FEW:
        each = run.generator.peak_bytes / crowd.users
        made.append(
            Promise(
                "memory of the generator for each user",
                f"at most {USER_BYTES / 1024:g} KB",
                f"{each / 1024:.1f} KB",
                each <= USER_BYTES,
            )
        )
    return made


def together(crowd: Crowd, run: BigRun) -> float:
    """For how many seconds all connections were open at least; 0 if they never were.

    None closed before the shortest lifetime had passed from the begin, and the last was open as late as its arrival
    was planned, plus the worst lateness and the slowest connect.
    """
    shortest, late, connect = (
        run.figure("websocket.lifetime", "min"),
        run.figure("generator.lateness", "max"),
        run.figure("websocket.connect_time", "max"),
    )
    if shortest is None or late is None or connect is None or run.counter("vusers.failed"):
        return 0.0
    return max(0.0, (shortest - late - connect) / 1000 - crowd.arriving_s)


def _count(what: str, wanted: int, seen: int) -> Promise:
    return Promise(what, f"{wanted:,}", f"{seen:,}", seen == wanted)
