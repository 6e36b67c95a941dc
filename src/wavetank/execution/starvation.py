"""What kept a worker from its work, when, and what to do about it: the words in which trust is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from wavetank.execution.blockers import ADVICE, blocked_ns, blockers, told
from wavetank.metrics.health import Health
from wavetank.metrics.histogram import Histogram

_GAP_NS = 1_500_000_000
_STRETCHES = 3
_MINOR = 0.25
_STALL_NS = 1e6
_HEALTHY_NS = 3e5
_FULL = 60.0
"""Percent of a core from which on the work is simply too much; below, it comes in lumps."""


class Cause(Enum):
    """Why a worker was late."""

    BUSY = "its own work"
    WAITED = "its core was taken"
    STALLED = "it stood still"


@dataclass(frozen=True, slots=True)
class Interval:
    """One worker between two instants (ns from the run's start). `weight`: the replies that were measured in it."""

    worker: int
    start_ns: int
    end_ns: int
    weight: float
    health: Health


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring bad intervals of one worker that have one cause."""

    start_ns: int
    end_ns: int
    health: Health


def cause_of(health: Health) -> Cause:
    """What most of the lateness came from."""
    # Only what is worth a name: every look is some hundredths of a millisecond late, a hundred times a second.
    if _beyond(health.loop_lag) > 2 * _beyond(health.stalls):
        return Cause.BUSY
    idle_ns = health.observed_ns - health.cpu_ns - health.waited_ns
    blocked_ns = min(idle_ns, health.stalls.share_above(_STALL_NS) * health.observed_ns - health.waited_ns)
    return Cause.STALLED if blocked_ns > health.waited_ns else Cause.WAITED


def stretches(intervals: Sequence[Interval]) -> list[tuple[int, Cause, list[Stretch]]]:
    """The bad intervals of each worker and cause, with neighbours merged; one bad second is a stretch of its own.

    Causes that stand behind little of what a worker was late are left out.
    """
    late_ns: dict[tuple[int, Cause], int] = {}
    for interval in intervals:
        key = (interval.worker, cause_of(interval.health))
        late_ns[key] = late_ns.get(key, 0) + interval.health.loop_lag.sum
    worst: dict[int, int] = {}
    for (worker, _), late in late_ns.items():
        worst[worker] = max(late, worst.get(worker, 0))
    found: dict[tuple[int, Cause], list[Stretch]] = {}
    for interval in sorted(intervals, key=lambda each: (each.worker, each.start_ns, each.end_ns)):
        health = interval.health.copy()
        key = (interval.worker, cause_of(health))
        if late_ns[key] < _MINOR * worst[interval.worker]:
            continue
        known = found.setdefault(key, [])
        if known and interval.start_ns - known[-1].end_ns <= _GAP_NS:
            last = known.pop()
            health += last.health
            known.append(Stretch(last.start_ns, max(last.end_ns, interval.end_ns), health))
        else:
            known.append(Stretch(interval.start_ns, interval.end_ns, health))
    return [(worker, cause, merged) for (worker, cause), merged in found.items()]


def reason(worker: int, cause: Cause, merged: Sequence[Stretch]) -> str:
    """A sentence for a person: who, what, how much, when, what to do."""
    health = merged[0].health.copy()
    for stretch in merged[1:]:
        health += stretch.health
    if _is_blocked(cause, health):
        return f"worker {worker} {_blocked(cause, health, _when(merged))}"
    return f"worker {worker} {_what(cause, health, _when(merged))}"


def complaint(worker: int, health: Health) -> str:
    """The same while it happens, short enough for a line."""
    cause = cause_of(health)
    if _is_blocked(cause, health):
        return f"worker {worker} was blocked {told(blockers(health.blocked)[:1])}"
    short = {
        Cause.BUSY: f"is late by up to {_longest(health)}, at {health.cpu_percent:.0f} % of a core",
        Cause.WAITED: f"waits for its core {health.waited_percent:.0f} % of the time: something else runs there",
        Cause.STALLED: f"stood still for up to {_longest(health)}: a call blocks it",
    }
    return f"worker {worker} {short[cause]}"


def _is_blocked(cause: Cause, health: Health) -> bool:
    """Whether most of the time in which the loop was late is put down to functions of the user's own."""
    late_ns = health.loop_lag.share_above(_STALL_NS) * health.observed_ns
    return cause is not Cause.WAITED and blocked_ns(health.blocked) > late_ns / 2


def _blocked(cause: Cause, health: Health, when: str) -> str:
    advice = ADVICE if cause is Cause.STALLED else "make it shorter, or use more workers"
    return f"was blocked {told(blockers(health.blocked))}, {when}: no other user is served meanwhile; {advice}"


def _what(cause: Cause, health: Health, when: str) -> str:
    if cause is Cause.WAITED:
        # Only Linux tells how long a worker waited, so it is Linux. One that needs its core nearly all the time must
        # not be given it before everybody else.
        first = "give it its core first with `chrt -f 10` (docs/trust.md), " if health.cpu_percent < _FULL else ""
        return (
            f"waited for its core {health.waited_percent:.0f} % of the time {when}, and was late by up to "
            f"{_longest(health)}: something else runs on this machine; stop it, {first}or give the generator a machine "
            "of its own"
        )
    if cause is Cause.STALLED:
        return (
            f"stood still for up to {_longest(health)} at a time {when}, without using its core: a function of the "
            "script blocks it (a sleep, a file, a database), or the machine was held up; let functions await instead"
        )
    if health.cpu_percent >= _FULL:
        return (
            f"ran at {health.cpu_percent:.0f} % of a core {when}: response times in that stretch include the "
            "generator; use more workers or fewer users per machine"
        )
    return (
        f"worked for up to {_longest(health)} at a stretch {when}, at {health.cpu_percent:.0f} % of a core: replies "
        "waited so long to be read; spread the users out in time, or make the functions of the script shorter"
    )


def _when(merged: Sequence[Stretch]) -> str:
    parts = [f"from {_clock(each.start_ns / 1e9)} to {_clock(math.ceil(each.end_ns / 1e9))}" for each in merged]
    if len(parts) > _STRETCHES:
        more = len(parts) - _STRETCHES
        parts = [*parts[:_STRETCHES], f"in {more} more stretch{'' if more == 1 else 'es'}"]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _longest(health: Health) -> str:
    longest = health.loop_lag.max / 1e6 if health.loop_lag.count else 0.0
    return f"{longest:.0f} ms" if longest >= 10 else f"{longest:.1f} ms"


def _beyond(delays: Histogram) -> float:
    """The sum (ns) of the delays that are longer than a healthy loop's; of all of them where none is."""
    values, counts = delays.buckets()
    long = values > _HEALTHY_NS
    return float((values[long] * counts[long]).sum()) if long.any() else float(delays.sum)


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"
