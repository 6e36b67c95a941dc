"""The stretches of a plan, one class for each load shape.

Open shapes (`Rate`, `Ramp`, `Count`, `Pause`) plan the instant of every arrival beforehand. `Population` is the
closed shape: it plans how many users are there at once, and starts one whenever one is missing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Users arrive at a constant `rate` (users per second), evenly or as a Poisson process."""

    name: str = ""
    duration_s: float
    rate: float
    poisson: bool = False
    max_users: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """The arrival rate goes linearly from `start_rate` to `end_rate` (users per second)."""

    name: str = ""
    duration_s: float
    start_rate: float
    end_rate: float
    max_users: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """`count` users arrive, spread evenly over the duration; with a duration of 0 all at once."""

    name: str = ""
    duration_s: float
    count: int
    max_users: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Nobody arrives."""

    name: str = ""
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The closed model: so many users at once, linearly from `start_users` to `end_users`.

    A user who ends is replaced at once. When the number planned falls, nobody is thrown out: users who end are
    no longer replaced.
    """

    name: str = ""
    duration_s: float
    start_users: int
    end_users: int


Phase = Rate | Ramp | Count | Pause | Population
