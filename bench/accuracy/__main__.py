"""`python -m bench.accuracy`: carries the experiments out, and writes what came of them into docs/accuracy.md."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from bench.accuracy.delays import DISTRIBUTIONS
from bench.accuracy.page import page_of, put
from bench.accuracy.sections import Section, distributions_section, omission_section

EXPERIMENTS = ("distributions", "omission")
"""The third has a program of its own: `bench/starved.py`."""

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
_EPILOG = """\b
Examples:
  python -m bench.accuracy                                      A and B, about 7 minutes
  python -m bench.accuracy --quick                              a minute; shown, not written
  python -m bench.accuracy distributions --only lognormal       one row; shown, not written
"""


@click.command(epilog=_EPILOG)
@click.argument("experiments", nargs=-1, type=click.Choice(EXPERIMENTS))
@click.option("--quick", is_flag=True, help="Short runs, shown instead of written.")
@click.option("--only", type=click.Choice(list(DISTRIBUTIONS)), help="One distribution; shown instead of written.")
@click.option("--normal", is_flag=True, help="Without real-time priority; shown instead of written.")
@click.option("--write", is_flag=True, help="Write the page all the same.")
def main(experiments: tuple[str, ...], quick: bool, only: str | None, normal: bool, write: bool) -> None:
    """Carry out EXPERIMENTS (without any: both). Exits with 1 when a promise was missed."""
    chosen = experiments or EXPERIMENTS
    sections: dict[str, Section] = {}
    for name in chosen:
        if name == "distributions":
            sections[name] = distributions_section(_say, quick=quick, only=only, normal=normal)
        else:
            sections[name] = omission_section(_say, quick=quick)
    texts = {name: section.text for name, section in sections.items()}
    if write or not (quick or only or normal):
        put(PAGE, texts)
        click.echo(f"written into {PAGE}")
    else:
        click.echo(page_of(texts))
    sys.exit(0 if all(section.kept for section in sections.values()) else 1)


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
