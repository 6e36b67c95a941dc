"""Who is to carry a plan, settled before anything is made or sent: the same for the command line and for Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wavetank.errors import RunError
from wavetank.execution.coordinator import Observer
from wavetank.execution.fleets.contract import Fleet
from wavetank.execution.fleets.in_process import InProcessFleet
from wavetank.execution.fleets.local import LocalFleet
from wavetank.execution.machine.limits import capacity
from wavetank.plan.model import Plan
from wavetank.plan.python.reference import reference_to
from wavetank.plan.python.scenario import PythonScenario

HERE = 0
"""This number of workers asks for one in this process, beside whatever else its event loop does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """How many processes carry the plan (`HERE`: none but this one), and what to say first.

    `notices` are sentences for whoever starts the run; `problems` say what will fall short, and with which command it
    would not.
    """

    workers: int
    notices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def fleet(self) -> Fleet:
        """A new fleet, for one run."""
        return InProcessFleet() if self.workers == HERE else LocalFleet(self.workers)

    def announce(self, observer: Observer) -> None:
        """Says what there is to say first."""
        for notice in self.notices:
            observer.log(f"note: {notice}")
        for problem in self.problems:
            observer.notice(f"warning: {problem}")


def stage(plan: Plan, workers: int | None = None) -> Staging:
    """Who carries this plan: `workers` processes, as many as the machine and the plan make sensible, or this process.

    None leaves it to the machine, unless other processes cannot have the plan (`carried_here`): then it is this one.
    Raises RunError where not even one connection could be opened, or where processes are asked for that cannot have
    the plan; ValueError for a number of workers, or phases, that cannot be.
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < HERE):
        raise ValueError(f"{workers!r} is no number of workers: give 1 or more, 0 for this process, or None")
    if workers and carried_here(plan):
        raise RunError(
            f"{next(_confined(plan))} is defined inside a function, where other processes cannot find it: define it at "
            "the top of a module, or let this process carry the users (workers=0)"
        )
    if workers == HERE or carried_here(plan):
        room = capacity(plan, 1)
        return Staging(workers=HERE, notices=room.notices, problems=room.problems)
    room = capacity(plan, workers)
    return Staging(workers=room.workers, notices=room.notices, problems=room.problems)


def carried_here(plan: Plan) -> bool:
    """Whether no other process can carry the plan, because functions of it are defined inside other functions."""
    return any(_confined(plan))


def _confined(plan: Plan) -> Iterator[str]:
    """What other processes cannot have."""
    for scenario in plan.scenarios:
        if isinstance(scenario, PythonScenario) and scenario.reference is None:
            yield str(scenario)
    for each in plan.lifecycle:
        if reference_to(each.function) is None:
            yield str(each)
