"""What a plan asks of the machine and of the server: how many users, how fast, how many of them at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from wavetank.plan.arrivals import phase_bounds, population_at, total_arrivals
from wavetank.plan.durations import seconds
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count, Pause, Phase, Population, Ramp, Rate
from wavetank.plan.python.scenario import PythonScenario
from wavetank.plan.scenario import Scenario
from wavetank.plan.steps import Loop, Pace, Ping, Send, Step, Think, Wait, every_step

_NS = 1_000_000_000
_SAMPLES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is planned, before any reply is waited for: real sessions take longer, by what the server takes.

    `users` are the planned arrivals, without those who keep up a population. `duration_s` ends with the last phase.
    A session with a loop that goes on until arrivals end is taken to be as long as that.
    `session_s` is the mean session of a user. `peak_rate` is in users per second, `peak_users` at once;
    `peak_replies_per_s` is what these ask for, infinite where nothing but the server holds them back.
    """

    users: int
    duration_s: float
    session_s: float
    peak_rate: float
    peak_users: int
    peak_replies_per_s: float


def forecast(plan: Plan) -> Forecast:
    """Works out what the plan asks for. Raises ValueError for phases that cannot be."""
    bounds = phase_bounds(plan.phases)
    sessions = _weighted_sessions(plan.scenarios, bounds[-1][1] / _NS if bounds else 0.0)
    peak_users = _peak_users(plan.phases, bounds, sessions)
    return Forecast(
        users=total_arrivals(plan.phases, plan.seed),
        duration_s=bounds[-1][1] / _NS if bounds else 0.0,
        session_s=sum(share * session_s for share, session_s in sessions),
        peak_rate=max((_peak_rate(phase) for phase in plan.phases), default=0.0),
        peak_users=peak_users,
        peak_replies_per_s=peak_users * _replies_per_user_s(plan.scenarios) if peak_users else 0.0,
    )


def session_seconds(steps: Sequence[Step]) -> float:
    """Seconds that the steps take by themselves: thinking and pacing. What is known only in the run counts as 0."""
    total = 0.0
    for step in steps:
        if isinstance(step, Think):
            total += _think_seconds(step)
        elif isinstance(step, Loop):
            total += _rounds(step) * session_seconds(step.steps)
        elif isinstance(step, Pace):
            total += step.count * max(step.interval_s, session_seconds(step.steps))
    return total


def _replies_per_user_s(scenarios: Sequence[Scenario]) -> float:
    """How many replies a second the mean user asks for while it is there."""
    replies, length_s = 0.0, 0.0
    for scenario in scenarios:
        own, own_s = _replies_and_seconds(scenario.steps)
        replies += scenario.weight * own
        length_s += scenario.weight * own_s
    if not replies:
        return 0.0
    return replies / length_s if length_s else math.inf


def _replies_and_seconds(steps: Sequence[Step]) -> tuple[float, float]:
    """What one session asks for, and how long it takes by itself. Of an endless loop, one round stands for all."""
    replies, length_s = 0.0, 0.0
    for step in steps:
        if isinstance(step, Loop | Pace):
            rounds = step.count if isinstance(step, Pace) else max(1, _rounds(step))
            inner, inner_s = _replies_and_seconds(step.steps)
            replies += rounds * inner
            length_s += rounds * (max(step.interval_s, inner_s) if isinstance(step, Pace) else inner_s)
        elif isinstance(step, Think):
            length_s += _think_seconds(step)
        elif isinstance(step, Wait | Ping) or (isinstance(step, Send) and (step.expect or step.correlation)):
            replies += 1
    return replies, length_s


def _think_seconds(step: Think) -> float:
    try:
        return seconds(step.duration)
    except ValueError:  # a template
        return 0.0


def _rounds(step: Loop) -> int:
    if step.while_true is not None:
        return 1
    if step.over is not None:
        return len(step.over) if isinstance(step.over, tuple) else 0
    return step.count if isinstance(step.count, int) else 0


def _weighted_sessions(scenarios: Sequence[Scenario], duration_s: float) -> list[tuple[float, float]]:
    total = sum(scenario.weight for scenario in scenarios)
    return [(scenario.weight / total, _session_in(duration_s, scenario)) for scenario in scenarios if total]


def _session_in(duration_s: float, scenario: Scenario) -> float:
    if isinstance(scenario, PythonScenario):
        return duration_s  # nobody knows how long a user takes: as if all stayed until arrivals end
    length_s = session_seconds(scenario.steps)
    is_endless = any(isinstance(step, Loop) and _is_endless(step) for step in every_step(scenario.steps))
    return max(length_s, duration_s) if is_endless else length_s


def _is_endless(loop: Loop) -> bool:
    """Whether only the end of arrivals ends it."""
    return loop.count is None and loop.over is None and loop.while_true is None


def _peak_rate(phase: Phase) -> float:
    match phase:
        case Rate():
            return phase.rate
        case Ramp():
            return max(phase.start_rate, phase.end_rate)
        case Count():
            return phase.count / phase.duration_s if phase.duration_s else float(phase.count)
    return 0.0


def _peak_users(
    phases: Sequence[Phase], bounds: Sequence[tuple[int, int]], sessions: Sequence[tuple[float, float]]
) -> int:
    end_s = bounds[-1][1] / _NS if bounds else 0.0
    edges = [edge / _NS for bound in bounds for edge in bound]
    instants = {end_s * sample / _SAMPLES for sample in range(_SAMPLES + 1)}
    instants.update(edges, (edge + session_s for edge in edges for _, session_s in sessions))
    return round(max((_users_at(instant, phases, bounds, sessions) for instant in instants), default=0.0))


def _users_at(
    instant_s: float,
    phases: Sequence[Phase],
    bounds: Sequence[tuple[int, int]],
    sessions: Sequence[tuple[float, float]],
) -> float:
    users = 0.0
    held = 0
    cap: int | None = None
    for phase, (start, end) in zip(phases, bounds, strict=True):
        since_s = instant_s - start / _NS
        if isinstance(phase, Population):
            if start <= instant_s * _NS <= end:
                held = max(held, population_at(phase, round(since_s * _NS)))
            continue
        for share, session_s in sessions:
            # The least session there is: a user that does nothing but connect is there for a moment all the same.
            began = _arrived(phase, since_s) - _arrived(phase, since_s - max(session_s, 1e-3))
            users += share * began
        if not isinstance(phase, Pause) and phase.max_users is not None and start <= instant_s * _NS <= end:
            cap = phase.max_users
    return held + (users if cap is None else min(users, cap))


def _arrived(phase: Phase, since_s: float) -> float:
    """Users that have arrived so many seconds after the phase's start, in the mean."""
    if since_s < 0:
        return 0.0
    passed_s = min(since_s, phase.duration_s)
    match phase:
        case Rate():
            return phase.rate * passed_s
        case Ramp():
            slope = (phase.end_rate - phase.start_rate) / phase.duration_s if phase.duration_s else 0.0
            return phase.start_rate * passed_s + slope * passed_s**2 / 2
        case Count():
            return phase.count * passed_s / phase.duration_s if phase.duration_s else float(phase.count)
    return 0.0
