"""`wavetank run`: a script goes in, a result comes out."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import click

from wavetank.cli.execute import any_seed, carry_out
from wavetank.cli.options import JsonMap, outputs
from wavetank.errors import ScriptError
from wavetank.plan.artillery import read_script
from wavetank.plan.model import Plan

_EPILOG = """\b
Examples:
  wavetank run script.yml -e staging -t wss://staging.example.com
  wavetank run script.yml --serve --seed 7
"""


@click.command(epilog=_EPILOG, short_help="Run a script.")
@click.argument("script", type=click.Path(path_type=Path))
@click.option("-t", "--target", metavar="URL", help="The server to test, instead of config.target.")
@click.option("-e", "--environment", metavar="NAME", help="Use config.environments.NAME.")
@click.option("-v", "--variables", type=JsonMap(), help="Variables, in addition to config.variables.")
@click.option("--overrides", type=JsonMap(), help="Replaces parts of the script, like '{\"config\": …}'.")
@click.option("-s", "--scenario", metavar="NAME", help="Run this scenario only: its name, or a regular expression.")
@outputs
def run(
    script: Path,
    target: str | None,
    environment: str | None,
    variables: dict[str, object] | None,
    overrides: dict[str, object] | None,
    scenario: str | None,
    seed: int | None,
    workers: int | None,
    output: Path | None,
    embedded: bool,
    quiet: bool,
    strict: bool,
) -> None:
    """Run SCRIPT, an Artillery script (.yml, .yaml or .json), and report what was measured."""
    if embedded and target is not None:
        raise click.UsageError("--serve starts a target of its own: leave out -t/--target")
    chosen_seed = any_seed() if seed is None else seed

    def read(url: str | None) -> Plan:
        return read_script(
            script,
            environment=environment,
            target=url,
            variables=variables,
            overrides=overrides,
            scenario=scenario,
            seed=chosen_seed,
            env=os.environ,
        ).plan

    def make_plan(served: str | None) -> Plan:
        if served is None:
            return read(target)
        try:
            path = urlsplit(read(None).target).path
        except ScriptError:  # perhaps it is the target itself that is missing: that one is not needed here
            path = ""
        return read(f"{served}{path}")

    carry_out(make_plan, workers=workers, embedded=embedded, output=output, quiet=quiet, strict=strict)
