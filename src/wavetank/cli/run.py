"""`wavetank run`: a script goes in, a result comes out."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from wavetank.cli.execute import any_seed, carry_out
from wavetank.cli.load import GivenLoad
from wavetank.cli.options import JsonMap, load, outputs
from wavetank.cli.script import Script
from wavetank.errors import ScriptError
from wavetank.plan.model import Plan

_EPILOG = """\b
Examples:
  wavetank run script.yml -e staging -t wss://staging.example.com
  wavetank run script.yml --serve --seed 7
  wavetank run scenario.py -t ws://localhost:8000/ws -u 200 -d 1m
  wavetank run script.yml -u 200 -d 1m --threshold 'websocket.response_time.p95 < 50ms'
"""


@click.command(epilog=_EPILOG, short_help="Run a script.")
@click.argument("script", type=click.Path(path_type=Path))
@click.option("-t", "--target", metavar="URL", help="The server to test, instead of config.target.")
@click.option("-e", "--environment", metavar="NAME", help="Use config.environments.NAME.")
@click.option("-v", "--variables", type=JsonMap(), help="Variables, in addition to config.variables.")
@click.option("--overrides", type=JsonMap(), help="Replaces parts of the script, like '{\"config\": …}'.")
@click.option("-s", "--scenario", metavar="NAME", help="Run this scenario only: its name, or a regular expression.")
@load
@outputs
def run(
    script: Path,
    target: str | None,
    environment: str | None,
    variables: dict[str, object] | None,
    overrides: dict[str, object] | None,
    scenario: str | None,
    users: int | None,
    rate: str | None,
    duration: str | None,
    thresholds: tuple[str, ...],
    seed: int | None,
    workers: int | None,
    output: Path | None,
    embedded: bool,
    quiet: bool,
    strict: bool,
) -> None:
    """Run SCRIPT, and report what was measured: an Artillery script (.yml, .yaml, .json), or scenarios in Python (.py).

    Without phases in the script, and without -u or --rate, there is one user.
    """
    if embedded and target is not None:
        raise click.UsageError("--serve starts a target of its own: leave out -t/--target")
    given = GivenLoad(users, rate, duration, thresholds)
    source = Script(
        script,
        environment=environment,
        variables=variables,
        overrides=overrides,
        scenario=scenario,
        seed=any_seed() if seed is None else seed,
    )

    def make_plan(served: str | None) -> Plan:
        if served is None:
            return given.on(source.read(target).plan)
        try:
            path = urlsplit(source.read(None).plan.target).path
        except ScriptError:  # perhaps it is the target itself that is missing: that one is not needed here
            path = ""
        return given.on(source.read(f"{served}{path}").plan)

    carry_out(make_plan, workers=workers, embedded=embedded, output=output, quiet=quiet, strict=strict)
