"""`python -m bench.performance`: measures, and writes docs/benchmarks.md and the charts beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from bench.performance.growth import growth_section, messages_section
from bench.performance.lengths import FULL, QUICK, Lengths
from bench.performance.page import ORDER, Section, page_of, put
from bench.performance.rounds import Say
from bench.performance.sections import connections_section, dense_section, sparse_section
from bench.performance.secured import secured_section

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_EXPERIMENTS: dict[str, Callable[[Lengths, int, Say, Sequence[str]], Section]] = {
    "dense": dense_section,
    "sparse": sparse_section,
    "connections": connections_section,
    "growth": growth_section,
    "messages": messages_section,
    "secured": secured_section,
}
_EPILOG = """\b
Examples:
  python -m bench.performance                              everything, more than an hour
  python -m bench.performance --quick                      minutes; shown, not written
  python -m bench.performance dense --rounds 5             one section, written
  python -m bench.performance dense --only wavetank        one row; shown, not written
"""


@click.command(epilog=_EPILOG)
@click.argument("experiments", nargs=-1, type=click.Choice(ORDER))
@click.option("--rounds", type=click.IntRange(1), help=f"Rounds of each row.  [default: {FULL.rounds}]")
@click.option("--quick", is_flag=True, help="One short round, shown instead of written.")
@click.option("--only", multiple=True, metavar="TOOL", help="Tools with this in their name; shown instead of written.")
def main(experiments: tuple[str, ...], rounds: int | None, quick: bool, only: tuple[str, ...]) -> None:
    """Carry out EXPERIMENTS (without any: all of them). Needs Linux, two cores, make and a C compiler."""
    if sys.platform != "linux":
        raise click.ClickException("the benchmarks need Linux: they pin processes to cores and read /proc")
    lengths = QUICK if quick else FULL
    sections: dict[str, Section] = {}
    for name in experiments or ORDER:
        _say(f"== {name}")
        sections[name] = _EXPERIMENTS[name](lengths, rounds or lengths.rounds, _say, only)
        if not (quick or only):
            put(PAGE, {name: sections[name]})  # at once: what is measured is kept, whatever becomes of the rest
    if quick or only:
        click.echo(page_of({name: section.text for name, section in sections.items()}))
    else:
        click.echo(f"written into {PAGE}")


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
