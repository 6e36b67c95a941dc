"""Load and thresholds given on the command line, whatever the script says of them."""

from __future__ import annotations

from collections.abc import Sequence

import click

from wavetank.metrics.thresholds import threshold_of
from wavetank.plan.load_shape import load_shape, with_phases, with_thresholds
from wavetank.plan.model import Plan


class GivenLoad:
    """What `-u`, `-d`, `--rate` and `--threshold` make of a plan.

    Raises click.UsageError for whatever is wrong with them, also in `on`.
    """

    def __init__(
        self,
        users: int | None = None,
        rate: str | None = None,
        duration: str | None = None,
        thresholds: Sequence[str] = (),
    ) -> None:
        self._told = False
        try:
            self.phases = load_shape(users, rate, duration)
            self.thresholds = tuple(threshold_of(text) for text in thresholds)
        except ValueError as error:
            raise click.UsageError(str(error)) from error

    def on(self, plan: Plan) -> Plan:
        """The plan with the load instead of its phases, and with the thresholds in addition to its own.

        A part to be measured that is not there any more is told on stderr, once.
        """
        try:
            loaded = with_thresholds(with_phases(plan, self.phases), self.thresholds)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        if loaded.measure != plan.measure and not self._told:
            self._told = True
            click.echo("note: the script measures a part of its own phases; of this load, all is measured.", err=True)
        return loaded
