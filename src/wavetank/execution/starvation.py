"""What kept a worker from its work, when, and what to do about it: the words in which trust is refused."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate

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


class Trouble(Enum):
    """What a person has to do something about."""

    HELD_UP = "a function of the script waits without await"
    COMPUTING = "a function of the script computes for long"
    CROWDED = "the workers take the cores from each other"
    KEPT_OFF = "something else takes the core"
    STOOD_STILL = "the worker neither worked nor wanted to"
    FULL = "too much work for one core"
    LUMPS = "enough time in all, but the work comes in lumps"


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


@dataclass(frozen=True, slots=True)
class _Case:
    """One worker's stretches that have one cause."""

    worker: int
    cause: Cause
    merged: Sequence[Stretch]
    health: Health


class Company:
    """All workers of a run: how many cores did they use together while one of them waited for its own?"""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        """`intervals`: those of the whole run, or of a part of it."""
        workers, cpu_ns = set(), dict[int, int]()
        for each in intervals:
            workers.add(each.worker)
            cpu_ns[each.start_ns] = cpu_ns.get(each.start_ns, 0) + each.health.cpu_ns
        self.workers = len(workers)
        self._starts = sorted(cpu_ns)
        self._before = [0, *accumulate(cpu_ns[start] for start in self._starts)]

    def cores(self, merged: Sequence[Stretch]) -> float:
        """How many cores all of them used in these stretches, on average."""
        used = 0
        for part in merged:
            first, behind = (bisect_left(self._starts, instant) for instant in (part.start_ns, part.end_ns))
            used += self._before[behind] - self._before[first]
        return used / max(1, sum(part.end_ns - part.start_ns for part in merged))

    def crowds(self, merged: Sequence[Stretch]) -> bool:
        """Whether the others account for half of what the worker of these stretches waited."""
        health = _health(merged)
        others = self.cores(merged) - health.cpu_percent / 100
        return self.workers > 1 and others >= health.waited_percent / 200


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


def reasons(bad: Sequence[Interval], intervals: Sequence[Interval]) -> list[str]:
    """A sentence for each kind of trouble, for a person: who, what, how much, when, what to do.

    `intervals` are those of the whole run. Of the workers that had the same trouble the one that was late by most
    speaks for all of them.
    """
    company = Company(intervals)
    alike: dict[tuple[Trouble, str], list[_Case]] = {}
    for worker, cause, merged in stretches(bad):
        case = _Case(worker, cause, merged, _health(merged))
        alike.setdefault(_trouble(case, company), []).append(case)
    return [_sentence(trouble, cases, company) for (trouble, _), cases in alike.items()]


def named(worker: int, others: int) -> str:
    """A worker that speaks for `others` as well: `worker 0, like 5 others,`."""
    return f"worker {worker}" + (f", like {others} other{'' if others == 1 else 's'}," if others else "")


def complaint(interval: Interval, company: Company) -> str:
    """The same while it happens, short enough for a line."""
    worker, health = interval.worker, interval.health
    cause = cause_of(health)
    crowded = company.crowds([Stretch(interval.start_ns, interval.end_ns, health)])
    taken = "the workers take the cores from each other" if crowded else "something else runs there"
    if _is_blocked(cause, health):
        return f"worker {worker} was blocked {told(blockers(health.blocked)[:1])}"
    short = {
        Cause.BUSY: f"is late by up to {_longest(health)}, at {health.cpu_percent:.0f} % of a core",
        Cause.WAITED: f"waits for its core {health.waited_percent:.0f} % of the time: {taken}",
        Cause.STALLED: f"stood still for up to {_longest(health)}: a call blocks it",
    }
    return f"worker {worker} {short[cause]}"


def _health(merged: Sequence[Stretch]) -> Health:
    health = merged[0].health.copy()
    for stretch in merged[1:]:
        health += stretch.health
    return health


def _trouble(case: _Case, company: Company) -> tuple[Trouble, str]:
    """The kind of trouble, and the function to which it is put down where that is one of the user's own."""
    if _is_blocked(case.cause, case.health):
        trouble = Trouble.HELD_UP if case.cause is Cause.STALLED else Trouble.COMPUTING
        return trouble, blockers(case.health.blocked)[0][0]
    if case.cause is Cause.WAITED:
        return Trouble.CROWDED if company.crowds(case.merged) else Trouble.KEPT_OFF, ""
    if case.cause is Cause.STALLED:
        return Trouble.STOOD_STILL, ""
    return Trouble.FULL if case.health.cpu_percent >= _FULL else Trouble.LUMPS, ""


def _sentence(trouble: Trouble, cases: Sequence[_Case], company: Company) -> str:
    worst = max(cases, key=lambda case: _longest_ns(case.health))
    return f"{named(worst.worker, len(cases) - 1)} {_what(trouble, worst, company)}"


def _what(trouble: Trouble, case: _Case, company: Company) -> str:
    health, when, longest = case.health, _when(case.merged), _longest(case.health)
    if trouble in (Trouble.HELD_UP, Trouble.COMPUTING):
        advice = ADVICE if trouble is Trouble.HELD_UP else "make it shorter, or use more workers"
        return f"was blocked {told(blockers(health.blocked))}, {when}: no other user is served meanwhile; {advice}"
    if trouble is Trouble.CROWDED:
        return (
            f"waited for its core {health.waited_percent:.0f} % of the time {when}, and was late by up to {longest}: "
            f"{company.workers} workers used {company.cores(case.merged):.1f} cores together, and this machine had no "
            "more for them; fewer users on it, or a server that runs here moved elsewhere, leave them room"
        )
    if trouble is Trouble.KEPT_OFF:
        # Only Linux tells how long a worker waited, so it is Linux. One that needs its core nearly all the time must
        # not be given it before everybody else.
        first = "give it its core first with `chrt -f 10` (docs/trust.md), " if health.cpu_percent < _FULL else ""
        return (
            f"waited for its core {health.waited_percent:.0f} % of the time {when}, and was late by up to {longest}: "
            f"something else runs on this machine; stop it, {first}or give the generator a machine of its own"
        )
    if trouble is Trouble.STOOD_STILL:
        return (
            f"stood still for up to {longest} at a time {when}, without using its core: a function of the script "
            "blocks it (a sleep, a file, a database), or the machine was held up; let functions await instead"
        )
    if trouble is Trouble.FULL:
        return (
            f"ran at {health.cpu_percent:.0f} % of a core {when}: response times in that stretch include the "
            "generator; use more workers or fewer users per machine"
        )
    return (
        f"worked for up to {longest} at a stretch {when}, at {health.cpu_percent:.0f} % of a core: replies waited so "
        "long to be read; spread the users out in time, or make the functions of the script shorter (or a virtual "
        "machine was held up: that looks the same)"
    )


def _is_blocked(cause: Cause, health: Health) -> bool:
    """Whether most of the time in which the loop was late is put down to functions of the user's own."""
    late_ns = health.loop_lag.share_above(_STALL_NS) * health.observed_ns
    return cause is not Cause.WAITED and blocked_ns(health.blocked) > late_ns / 2


def _when(merged: Sequence[Stretch]) -> str:
    parts = [f"from {_clock(each.start_ns / 1e9)} to {_clock(math.ceil(each.end_ns / 1e9))}" for each in merged]
    if len(parts) > _STRETCHES:
        more = len(parts) - _STRETCHES
        parts = [*parts[:_STRETCHES], f"in {more} more stretch{'' if more == 1 else 'es'}"]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _longest(health: Health) -> str:
    longest = _longest_ns(health) / 1e6
    return f"{longest:.0f} ms" if longest >= 10 else f"{longest:.1f} ms"


def _longest_ns(health: Health) -> int:
    return health.loop_lag.max if health.loop_lag.count else 0


def _beyond(delays: Histogram) -> float:
    """The sum (ns) of the delays that are longer than a healthy loop's; of all of them where none is."""
    values, counts = delays.buckets()
    long = values > _HEALTHY_NS
    return float((values[long] * counts[long]).sum()) if long.any() else float(delays.sum)


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"
