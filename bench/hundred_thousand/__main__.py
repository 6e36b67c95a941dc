"""`python -m bench.hundred_thousand`, which `make hundred-thousand` calls."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
from bench.accuracy.priority import in_words, real_time
from bench.accuracy.surroundings import Others, again, this_machine, today, versions
from bench.big_run import RunFailed, Stopped, carry_out
from bench.hundred_thousand.crowd import Crowd
from bench.hundred_thousand.page import page_of
from bench.hundred_thousand.promises import promises
from bench.needs import needs_of
from bench.needs import this_machine as machine_now
from bench.target import NoTarget, running_target

from wavetank.plan.artillery import read_script

PAGE = Path(__file__).parents[2] / "docs" / "hundred-thousand.md"
_EPILOG = """\b
Examples:
  python -m bench.hundred_thousand                                  about 6 minutes
  python -m bench.hundred_thousand --users 1000 --rate 200 --hold 10    a small proof, shown and not written
"""


@click.command(epilog=_EPILOG)
@click.option("--users", default=100_000, show_default=True, type=click.IntRange(1))
@click.option("--rate", default=1000.0, show_default=True, type=click.FloatRange(1), help="Arrivals per second.")
@click.option("--hold", default=120.0, show_default=True, help="Seconds for which all are there together.")
@click.option("--every", default=4.0, show_default=True, help="Seconds from one message of a user to its next.")
@click.option("--workers", metavar="N", help="Passed on to wavetank run.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), help="Where the run folder is made.")
@click.option("--write/--no-write", default=None, help="Write docs/hundred-thousand.md, or only show it.")
def main(
    users: int, rate: float, hold: float, every: float, workers: str | None, runs: Path, write: bool | None
) -> None:
    """Many users at once, each exchanging messages. Exits with 1 when a promise was missed."""
    crowd = Crowd(users, rate, hold, every)
    written = write if write is not None else crowd == Crowd()
    began, others = today(), Others()
    with tempfile.TemporaryDirectory(prefix="wavetank-crowd-") as name:
        script = Path(name) / "crowd.json"
        script.write_text(json.dumps(crowd.script(), indent=2), encoding="utf-8")
        machine = machine_now()
        needs = needs_of(read_script(script, target="ws://127.0.0.1").plan, machine)
        if missing := needs.missing(machine):
            click.echo(f"this machine does not carry {users:,} users: {missing}", err=True)
            sys.exit(3)
        click.echo(f"{users:,} users, {crowd.messages:,} messages: {crowd.length_s:,.0f} s", err=True)
        try:
            with real_time() as permitted, running_target(needs.processes) as target:
                options = ["--seed", "1", "--overrides", json.dumps(target.overrides)]
                options += ["--workers", workers if workers is not None else str(needs.processes)]
                run = carry_out(script, target, runs / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-crowd", options)
        except (RunFailed, Stopped, NoTarget) as error:
            click.echo(str(error), err=True)
            sys.exit(3)
    made = promises(crowd, run)
    cores = others.cores()
    disturbed = "" if cores is None else f"; other programs used {cores:.2f} cores meanwhile"
    surroundings = f"{began} on {this_machine()}; {versions()}{disturbed}"
    text = page_of(crowd, run, made, target.name, in_words(permitted), surroundings, _command(crowd))
    if written:
        PAGE.write_text(text, encoding="utf-8")
    click.echo(f"written into {PAGE}" if written else text)
    sys.exit(0 if all(promise.kept for promise in made) else 1)


def _command(crowd: Crowd) -> str:
    if crowd == Crowd():
        return "make hundred-thousand"
    options = f"--users {crowd.users} --rate {crowd.rate:g} --hold {crowd.hold_s:g} --every {crowd.every_s:g}"
    return again(f"-m bench.hundred_thousand {options}")


if __name__ == "__main__":
    main()
