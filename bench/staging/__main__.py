"""`python -m bench.staging`, which bench/staging.sh calls."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from bench.accuracy.priority import in_words, real_time
from bench.accuracy.surroundings import Others, this_machine, today, versions
from bench.big_run import RunFailed, Stopped, carry_out
from bench.needs import Machine, needs_of
from bench.needs import this_machine as machine_now
from bench.staging.attempt import Attempt
from bench.staging.page import SEARCH, asked_table, criteria, distrusted, outcome, page_of, put, seen_table, whole
from bench.staging.scaling import SCRIPT, Scale
from bench.staging.search import STEP, best_percent, next_percent
from bench.target import NoTarget, running_target

PAGE = Path(__file__).parents[2] / "docs" / "staging.md"
_QUICK = Scale(100, shorten=60.0, rounds=1)
_EPILOG = """\b
Examples:
  bench/staging.sh                       search from 50 % of the rates on; about 18 minutes for each share
  bench/staging.sh --start 80            the same, from 80 % on
  bench/staging.sh --full --share 70     the whole 44 minutes at 70 %; about 47 minutes
  bench/staging.sh --quick --share 10    a minute with short sessions, to see whether all is in place; shown only
  bench/staging.sh --plan                what each share asks of this machine; nothing is run
"""


@click.command(epilog=_EPILOG)
@click.option("--start", default=50, show_default=True, type=click.IntRange(STEP, 100), help="Percent to begin with.")
@click.option("--share", type=click.IntRange(1, 100), help="Try this percentage alone.")
@click.option("--full", is_flag=True, help="Phases at their whole length: 44 minutes. Wants --share.")
@click.option("--shorten", default=3.0, show_default=True, type=click.FloatRange(1), help="Phases so much shorter.")
@click.option("--quick", is_flag=True, help="Phases 60 times shorter, sessions of one round; shown, not written.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what each share asks for, and run nothing.")
@click.option("--workers", metavar="N", help="Passed on to wavetank run.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), help="Where run folders are made.")
@click.option("--write/--no-write", default=None, help="Write docs/staging.md, or only show it.")
def main(
    start: int,
    share: int | None,
    full: bool,
    shorten: float,
    quick: bool,
    only_plan: bool,
    workers: str | None,
    runs: Path,
    write: bool | None,
) -> None:
    """Find the largest share of the YMERA plan's rates that this machine carries. Exits with 1 when none held."""
    if full and share is None and not only_plan:
        raise click.UsageError("--full wants --share: 44 minutes are for a share that is known to hold")
    if start % STEP:
        raise click.UsageError(f"--start goes in steps of {STEP}")
    machine = machine_now()
    base = _QUICK if quick else Scale(100, 1.0 if full else shorten)
    if only_plan:
        click.echo(_asked(base, machine))
        return
    written = write if write is not None else not quick
    began, others = today(), Others()
    attempts: dict[int, Attempt] = {}
    folder = runs / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-staging"
    name, title = SEARCH, f"Phases {base.shorten:g} times shorter, rates as they are"
    if full and share is not None:
        name, title = whole(share), f"The whole plan at {share} % of its rates"
    while (percent := _next(attempts, start, share)) is not None:
        try:
            attempts[percent] = _attempt(Scale(percent, base.shorten, base.rounds), machine, folder, workers)
        except (Stopped, NoTarget) as error:
            click.echo(f"{percent} %: {error}", err=True)
            sys.exit(3)
        # After each of them: hours of runs are not to be lost with the last one.
        when = f"{began} to {today()}{_disturbed(others)}"
        text = _section(title, base, machine, attempts, when, _command(full, share, start))
        if written:
            put(PAGE, {name: text})
    click.echo(f"written into {PAGE}" if written else page_of({name: text}))
    sys.exit(0 if best_percent(_held(attempts)) is not None else 1)


def _next(attempts: dict[int, Attempt], start: int, share: int | None) -> int | None:
    if share is not None:
        return None if attempts else share
    return next_percent(_held(attempts), start)


def _held(attempts: dict[int, Attempt]) -> dict[int, bool]:
    return {percent: attempt.holds for percent, attempt in attempts.items()}


def _attempt(scale: Scale, machine: Machine, folder: Path, workers: str | None) -> Attempt:
    """Tries a share, on a server of its own. Raises Stopped, NoTarget."""
    needs = needs_of(scale.plan(), machine)
    if missing := needs.missing(machine):
        return Attempt(scale, needs, None, f"not tried: {missing}")
    click.echo(
        f"{scale.percent} % of the rates: {needs.users:,} users in {needs.duration_s:,.0f} s, about "
        f"{needs.at_once:,} at once, and {needs.session_s:,.0f} s more until the last of them have ended",
        err=True,
    )
    run, obstacle = None, ""
    with real_time() as permitted, running_target(needs.processes) as target:
        sides = f"against {target.name}; both have {in_words(permitted)}"
        options = ["--overrides", json.dumps(scale.overrides(target.overrides)), "--seed", "1"]
        options += ["--workers", workers if workers is not None else str(needs.processes)]
        try:
            run = carry_out(SCRIPT, target, folder.with_name(f"{folder.name}-{scale.percent}"), options)
        except RunFailed as error:  # a share that is too much for the generator is an answer like any other
            obstacle = str(error)
    attempt = Attempt(scale, needs, run, obstacle, sides)
    click.echo(f"{scale.percent} %: {'it holds' if attempt.holds else '; '.join(attempt.missed)}", err=True)
    return attempt


def _asked(base: Scale, machine: Machine) -> str:
    percents = range(STEP, 101, STEP)
    needs = {percent: needs_of(Scale(percent, base.shorten, base.rounds).plan(), machine) for percent in percents}
    return asked_table(needs, machine)


def _section(title: str, base: Scale, machine: Machine, attempts: dict[int, Attempt], when: str, command: str) -> str:
    best = best_percent(_held(attempts))
    shown = attempts[best] if best is not None else attempts[min(attempts)]
    report = (
        "" if shown.run is None else f"The report at {shown.scale.percent} %:\n\n```\n{shown.run.text.strip()}\n```"
    )
    return f"""\
## {title}

{outcome(list(attempts.values()), machine.cores)}

{seen_table(attempts.values())}

{criteria()}

{distrusted(list(attempts.values()))}

What each share asks for, as planned:

{_asked(base, machine)}

{report}

{when}, on {this_machine()}{shown.sides and ", "}{shown.sides}; {versions()}. To repeat it: `{command}`."""


def _command(full: bool, share: int | None, start: int) -> str:
    chosen = f"--share {share}" if share is not None else f"--start {start}"
    return " ".join(["bench/staging.sh", *(["--full"] if full else []), chosen])


def _disturbed(others: Others) -> str:
    """What else ran meanwhile: the children that are ours are told apart once they have ended."""
    cores = others.cores()
    return "" if cores is None else f" (other programs used {cores:.2f} cores meanwhile)"


if __name__ == "__main__":
    main()
