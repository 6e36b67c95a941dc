"""Rounds over all rows of an experiment, so that a disturbance does not hit one row alone; and their medians."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median

from bench.peers.peer import NotInstalled, Peer
from bench.peers.work import Work
from bench.performance.measuring import Measured, NotCarried, measure
from bench.performance.native import PLAIN, Channel
from bench.performance.placement import Placement

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """One row: a tool, its work, and where it does it."""

    name: str
    tool: Peer
    work: Work
    placement: Placement
    channel: Channel = PLAIN
    servers: int = 1


@dataclass(slots=True)
class Row:
    """What came of a trial in all rounds; `failure` says why it was given up, if it was."""

    trial: Trial
    rounds: list[Measured] = field(default_factory=list)
    failure: str = ""

    def middle(self, figure: Callable[[Measured], float]) -> float:
        """The median of a figure over the rounds."""
        return median(map(figure, self.rounds))

    def spread(self, figure: Callable[[Measured], float]) -> tuple[float, float]:
        """The smallest and the largest of it."""
        values = [figure(one) for one in self.rounds]
        return min(values), max(values)

    @property
    def note(self) -> str:
        """The last remark of a round; mostly none."""
        return next((one.note for one in reversed(self.rounds) if one.note), "")


def run_rounds(trials: Iterable[Trial], rounds: int, say: Say) -> list[Row]:
    """Each trial once in each round; one that is not carried is not tried again, which would take long."""
    rows = [Row(trial) for trial in trials]
    for number in range(1, rounds + 1):
        for row in rows:
            if row.failure:
                continue
            trial = row.trial
            say(f"round {number} of {rounds}: {trial.name}")
            try:
                measured = measure(
                    trial.tool,
                    trial.work,
                    trial.placement,
                    channel=trial.channel,
                    servers=trial.servers,
                )
            except NotCarried as error:
                row.failure = str(error)
                say(f"  not carried: {error}")
                continue
            row.rounds.append(measured)
            say(f"  {measured}")
    return rows


def installed(tools: Iterable[Peer], say: Say) -> tuple[dict[str, tuple[Peer, str]], dict[str, str]]:
    """The tools that are there, with their versions; and those that are not, with the reason; by name."""
    there: dict[str, tuple[Peer, str]] = {}
    missing: dict[str, str] = {}
    for tool in tools:
        try:
            there[tool.name] = tool, tool.install()
        except NotInstalled as error:
            missing[tool.name] = str(error)
            say(f"{tool.name} is skipped: {error}")
    return there, missing
