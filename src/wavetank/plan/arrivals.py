"""Phases to planned arrivals: which user starts when, and which worker starts it.

Arrival k of a phase (counted from 1) is planned for the instant t when the integral of the rate reaches k:

    constant rate r       r·t = k                      t = k / r
    ramp from a to b      a·t + (b − a)·t² / 2D = k    t = 2k / (a + v),   v = √(a² + 2k·(b − a) / D)

where D is the phase's duration and v is the rate at t. Everything here is a pure function of phases, share
and seed, so each worker works out its own arrivals, and all of them together carry exactly the plan.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat

import numpy as np
import numpy.typing as npt

from wavetank.plan.phases import Count, Pause, Phase, Population, Ramp, Rate

_NS = 1_000_000_000
_CHUNK = 16_384
_LONGEST_S = 3_200_000_000  # about a century; int64 nanoseconds end after 292 years
_HIGHEST_RATE = 1e9  # one arrival in each nanosecond

_Instants = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One planned start of one user: its place in the whole run, and nanoseconds after the run's start.

    `phase` is the place of its phase in the plan. `index` counts from 0 over all workers.
    """

    index: int
    planned_ns: int
    phase: int


@dataclass(frozen=True, slots=True)
class Share:
    """What worker `index` of `of` carries: the arrivals whose index modulo `of` is `index`."""

    index: int = 0
    of: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.of:
            raise ValueError(f"There is no share {self.index} of {self.of}; shares count from 0.")


def arrivals(phases: Sequence[Phase], share: Share = Share(), seed: int = 0) -> Iterator[Arrival]:
    """The share's arrivals in the order of their instants, worked out a few thousand at a time.

    The seed moves the arrivals of Poisson phases only. A `Population` plans none: see `population_at`.
    Raises ValueError at once for phases that cannot be.
    """
    return _arrivals(phases, phase_bounds(phases), share, seed)


def phase_bounds(phases: Sequence[Phase]) -> list[tuple[int, int]]:
    """Where each phase begins and ends, in nanoseconds after the run's start: no gaps, no overlaps.

    Raises ValueError, with a sentence, for phases that cannot be: negative, endless, longer than a century.
    """
    bounds = []
    total = Fraction(0)
    for phase in phases:
        _check(phase)
        start = round(total * _NS)
        total += _exact(phase.duration_s)
        bounds.append((start, round(total * _NS)))
    if total > _LONGEST_S:
        raise ValueError("The plan lasts longer than a century; make its phases shorter.")
    return bounds


def duration_s(phases: Sequence[Phase]) -> float:
    """Seconds from the run's start to the end of the last phase; users may go on beyond it."""
    return phase_bounds(phases)[-1][1] / _NS if phases else 0.0


def total_arrivals(phases: Sequence[Phase], seed: int = 0) -> int:
    """How many users the phases plan, without those of a `Population`. Only Poisson phases are played."""
    bounds = phase_bounds(phases)
    return sum(
        sum(len(chunk) for chunk in _poisson(phase, *bounds[place], place, seed))
        if isinstance(phase, Rate) and phase.poisson
        else _count(phase)
        for place, phase in enumerate(phases)
    )


def rate_at(phases: Sequence[Phase], offset_s: float) -> float:
    """The planned arrivals per second at an instant: 0 in a pause or a population, and outside the plan.

    An instant at which one phase ends and the next begins belongs to the next.
    """
    for phase, (start, end) in zip(phases, phase_bounds(phases), strict=True):
        if start <= offset_s * _NS < end:
            match phase:
                case Rate():
                    return phase.rate
                case Ramp():
                    past = (offset_s - start / _NS) / phase.duration_s
                    return phase.start_rate + (phase.end_rate - phase.start_rate) * past
                case Count():
                    return phase.count / phase.duration_s
                case Pause() | Population():
                    return 0.0
    return 0.0


def population_at(phase: Population, offset_ns: int) -> int:
    """How many users the phase wants at once, so many nanoseconds after its own begin."""
    duration_ns = round(_exact(phase.duration_s) * _NS)
    past = max(offset_ns, 0)
    if past >= duration_ns:
        return phase.end_users
    # Half a duration more, divided downwards, is the nearest whole number.
    return phase.start_users + (2 * (phase.end_users - phase.start_users) * past + duration_ns) // (2 * duration_ns)


def population_share(count: int, share: Share) -> int:
    """How many of `count` users belong to the share; shares differ by one at most and add up to it."""
    return len(range(share.index, count, share.of))


def _arrivals(phases: Sequence[Phase], bounds: list[tuple[int, int]], share: Share, seed: int) -> Iterator[Arrival]:
    before = 0
    for place, phase in enumerate(phases):
        start, end = bounds[place]
        if isinstance(phase, Rate) and phase.poisson:
            # Every share plays the whole phase and keeps its own arrivals: together they are one process.
            for chunk in _poisson(phase, start, end, place, seed):
                skip = (share.index - before) % share.of
                own = chunk[skip :: share.of].tolist()
                indices = range(before + skip, before + len(chunk), share.of)
                yield from map(Arrival, indices, own, repeat(place))
                before += len(chunk)
            continue
        count = _count(phase)
        places = range((share.index - before) % share.of, count, share.of)
        for at in range(0, len(places), _CHUNK):
            part = places[at : at + _CHUNK]
            ordinals = np.arange(part.start + 1, part.stop + 1, part.step, dtype=np.int64).astype(np.float64)
            instants = _instants(_offsets(phase, ordinals), start, end).tolist()
            yield from map(Arrival, range(before + part.start, before + part.stop, part.step), instants, repeat(place))
        before += count


def _offsets(phase: Phase, ordinals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Seconds from the phase's start to its arrivals of these ordinals, counted from 1."""
    match phase:
        case Rate():
            return ordinals / phase.rate
        case Count():
            return ordinals * (phase.duration_s / phase.count)
        case Ramp():
            a, b, duration = phase.start_rate, phase.end_rate, phase.duration_s
            if a <= b:
                square = a * a + 2 * (b - a) / duration * ordinals
            else:
                # The same value counted from the end: near a rate of 0 the difference of two large numbers
                # would leave nothing but their rounding errors.
                left = np.maximum(duration * (a + b) / 2 - ordinals, 0.0)
                square = b * b + 2 * (a - b) / duration * left
            return 2 * ordinals / (a + np.sqrt(square))
        case Pause() | Population():
            return ordinals[:0]


def _instants(offsets: npt.NDArray[np.float64], start: int, end: int) -> _Instants:
    # The last arrival of a rounded-up ramp lies less than one arrival beyond the end: it belongs there.
    return np.minimum(start + np.rint(offsets * _NS).astype(np.int64), end)


def _poisson(phase: Rate, start: int, end: int, place: int, seed: int) -> Iterator[_Instants]:
    """A Poisson process: gaps of an exponential distribution, by inversion of one uniform number each.

    numpy promises the stream of its bit generators, not what it makes of them: hence the inversion by hand.
    """
    if phase.rate == 0:
        return
    generator = np.random.Generator(np.random.PCG64([seed & 0xFFFF_FFFF_FFFF_FFFF, place]))
    past = 0.0
    while True:
        # A rate that is next to nothing has gaps without end: the first of them is beyond the phase.
        with np.errstate(over="ignore"):
            offsets = past + np.cumsum(-np.log1p(-generator.random(_CHUNK)) / phase.rate)
        inside = offsets[: int(np.searchsorted(offsets, phase.duration_s, side="right"))]
        yield _instants(inside, start, end)
        if len(inside) < _CHUNK:
            return
        past = float(offsets[-1])


def _count(phase: Phase) -> int:
    """How many arrivals the phase plans; exactly, because 0.29 · 100 is 28.999999999999996 in floats."""
    match phase:
        case Rate():
            return math.floor(_exact(phase.rate) * _exact(phase.duration_s))
        case Ramp():
            return round(_exact(phase.duration_s) * (_exact(phase.start_rate) + _exact(phase.end_rate)) / 2)
        case Count():
            return phase.count
        case Pause() | Population():
            return 0


def _exact(number: float) -> Fraction:
    """The decimal number that a person wrote, instead of the binary one next to it."""
    return Fraction(str(float(number)))


def _check(phase: Phase) -> None:
    name = f"The phase {phase.name!r}"
    if not (math.isfinite(phase.duration_s) and phase.duration_s >= 0):
        raise ValueError(f"{name} lasts {phase.duration_s} seconds; a duration is finite, and 0 or more.")
    match phase:
        case Rate():
            rates = [phase.rate]
        case Ramp():
            rates = [phase.start_rate, phase.end_rate]
        case Count():
            rates = [phase.count]
        case Population():
            rates = [phase.start_users, phase.end_users]
        case Pause():
            rates = []
    for rate in rates:
        if not 0 <= rate <= _HIGHEST_RATE:
            raise ValueError(f"{name} plans {rate} users; it must be between 0 and 1,000,000,000.")
