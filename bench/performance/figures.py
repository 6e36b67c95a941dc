"""Figures as tables write them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from bench.accuracy.surroundings import Others, again, this_machine, today
from bench.performance.measuring import Measured
from bench.performance.rounds import Row

Figure = Callable[[Measured], float]


def median_and_spread(row: Row, figure: Figure, form: str) -> str:
    """The median, and where there are several rounds the smallest and the largest."""
    if math.isnan(row.middle(figure)):
        return "–"
    middle = format(row.middle(figure), form)
    if len(row.rounds) < 2:
        return middle
    low, high = row.spread(figure)
    return f"{middle} ({low:{form}}–{high:{form}})"


def ratio(row: Row, limit: Row | None, figure: Figure) -> str:
    """Of the limit's median; a dash without a limit."""
    if limit is None or not limit.rounds:
        return "–"
    of_limit = row.middle(figure) / limit.middle(figure)
    return "–" if math.isnan(of_limit) else f"{of_limit:.2f}"


def rest(rows: Sequence[Row], missing: Mapping[str, str]) -> str:
    """Who has no row in the table, and the remarks of those who have one."""
    lines = [f"- {row.trial.name}: not carried, {row.failure}." for row in rows if row.failure]
    lines += [f"- {row.trial.name}: {row.note}." for row in rows if row.note and not row.failure]
    lines += [f"- {name}: skipped, {reason}." for name, reason in missing.items()]
    return "\n".join(lines) if lines else "Every row was carried."


class Surroundings:
    """Where and when an experiment takes place: made before it, written after it."""

    def __init__(self) -> None:
        self._began, self._others = today(), Others()

    def text(self, versions: Sequence[str], repeat: str, rounds: int) -> str:
        """The last paragraph of a section."""
        cores = self._others.cores()
        disturbed = "" if cores is None else f" Other programs used {cores:.2f} cores meanwhile."
        told = "; ".join(dict.fromkeys(versions))  # two rows of the same tool have the same versions
        count = "one round" if rounds == 1 else f"{rounds} rounds"
        return (
            f"{self._began}, {count}, on {this_machine()}; {told}.{disturbed}\n\n"
            f"To repeat it: `{again(f'-m bench.performance {repeat} --rounds {rounds}')}`."
        )
