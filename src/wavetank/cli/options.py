"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

_MOST_WORKERS = 1024
_Command = TypeVar("_Command", bound=Callable[..., Any])


class JsonMap(click.ParamType[dict[str, object]]):
    """A JSON object on the command line."""

    name = "JSON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, object]:
        """The map; fails with what is wrong with the text."""
        if isinstance(value, dict):
            return value
        try:
            read = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            self.fail(f"{value!r} is not JSON: {error}", param, ctx)
        if not isinstance(read, dict):
            self.fail(f'{value!r} is not a JSON object: write it like \'{{"name": "value"}}\'', param, ctx)
        return read


class WorkerCount(click.ParamType[int]):
    """How many workers: a number from 1 up, or `auto`, which becomes None."""

    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or None; fails with what would be right."""
        if value == "auto":
            return None
        try:
            count = int(value)
        except ValueError:
            count = 0
        if not 1 <= count <= _MOST_WORKERS:
            self.fail(f"{value!r} is no number of workers: give 1 to {_MOST_WORKERS}, or auto", param, ctx)
        return count


def load(command: _Command) -> _Command:
    """The options that say how many users come, and what has to hold: `cli.load.GivenLoad` reads them."""
    for option in (
        click.option(
            "--threshold",
            "thresholds",
            multiple=True,
            metavar="'METRIC < BOUND'",
            help="What has to hold, in addition to the script: 'websocket.response_time.p95 < 50ms'. Repeatable.",
        ),
        click.option(
            "-d",
            "--duration",
            metavar="30s",
            help="How long --users are held, or users arrive at --rate: 30s, 5m, 1h.",
        ),
        click.option(
            "--rate",
            metavar="R[:R2]",
            help="R users arrive per second for --duration, from R to R2 if both are given; with --users, so many are "
            "there at once at most.",
        ),
        click.option(
            "-u",
            "--users",
            type=click.IntRange(min=1),
            metavar="N",
            help="N users at once for --duration, each replaced when it ends; without --duration, N users once, 1000 a "
            "second. Like --rate, instead of the script's phases.",
        ),
    ):
        command = option(command)
    return command


def outputs(command: _Command) -> _Command:
    """The options that say how a run is shown and where it is kept."""
    for option in (
        click.option("--strict", is_flag=True, help="Exit with 1 on a warning, too."),
        click.option("--quiet", is_flag=True, help="Show nothing while it runs but warnings, and then the results."),
        click.option(
            "--serve",
            "embedded",
            is_flag=True,
            help="Start the reference target on a free port for the length of the run, and test that.",
        ),
        click.option(
            "-o",
            "--output",
            type=click.Path(file_okay=False, path_type=Path),
            help="The run folder. Without it: runs/<UTC time>-<name>.",
        ),
        click.option(
            "--workers",
            type=WorkerCount(),
            default="auto",
            show_default=True,
            help="Processes that carry the users. auto: one for each core, more where the users need it.",
        ),
        click.option("--seed", type=int, help="Makes a run repeatable: the same users with the same random choices."),
    ):
        command = option(command)
    return command
