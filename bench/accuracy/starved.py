"""Experiment C: does a generator that is starved say so? What `bench/starved.py` found, as a file and as a table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.accuracy.surroundings import again
from bench.accuracy.table import table, verdict

MOVED = 0.10
"""A generator that makes the p99 longer by more than that must not be trusted."""

DISTURBED = 0.10
"""A run is called disturbed when others used more than so much of a core meanwhile."""

LEFT_ALONE = ("quiet", "alone")
"""The kinds of which nothing is starved: with real-time priority, and without."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run. Times in milliseconds, `seconds` of the plan; `foreign` is the share of a core that others used.

    `kept_off`: others could not take the generator's core, because it had real-time priority.
    """

    kind: str
    delay_ms: float
    seconds: float
    true_p99: float
    reported_p99: float
    replies: int
    ok: bool
    reasons: tuple[str, ...]
    code: int
    foreign: float
    kept_off: bool
    took_s: float

    @property
    def moved(self) -> float:
        """By which share the generator made the p99 longer."""
        return self.reported_p99 / self.true_p99 - 1

    @property
    def disturbed(self) -> bool:
        """Whether the machine was not ours alone."""
        return self.foreign > DISTURBED

    @property
    def broken(self) -> bool:
        """Whether the promise was broken: moved and trusted, or left alone and distrusted."""
        if self.moved > MOVED:  # also where nobody meant to: a virtual machine may be held up as a whole
            return self.ok
        return self.kind in LEFT_ALONE and not self.ok and (self.kept_off or not self.disturbed)


def append(path: Path, outcome: Outcome) -> None:
    """Adds a line to the file of results, which is made if need be."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(outcome)) + "\n")


def read(path: Path) -> list[Outcome]:
    """Everything in a file of results; nothing where there is none yet. Raises ValueError for another file."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    try:
        entries = [json.loads(line) for line in lines]
        return [Outcome(**{**entry, "reasons": tuple(entry["reasons"])}) for entry in entries]
    except (TypeError, KeyError) as error:
        raise ValueError(f"{path} is no file of results: {error}") from error


def starved_table(outcomes: Iterable[Outcome]) -> str:
    """A row for each delay and kind."""
    by_row: dict[tuple[float, str], list[Outcome]] = {}
    for outcome in outcomes:
        by_row.setdefault((outcome.delay_ms, outcome.kind), []).append(outcome)
    rows = []
    for (delay_ms, kind), runs in by_row.items():
        moved = [run for run in runs if run.moved > MOVED]
        rows.append(
            (
                kind,
                f"{delay_ms:g} ms",
                str(len(runs)),
                str(sum(run.disturbed for run in runs)),
                f"{100 * min(run.moved for run in runs):+,.1f} to {100 * max(run.moved for run in runs):+,.1f} %",
                str(len(moved)),
                str(sum(run.ok for run in moved)),
                str(sum(not run.ok for run in runs)),
                verdict(not any(run.broken for run in runs)),
            )
        )
    head = ("kind", "server", "runs", "disturbed", "p99 moved by", "> 10 %", "of them trusted", "distrusted", "")
    return table(head, rows, right=range(1, 8))


def starved_text(outcomes: list[Outcome], surroundings: str) -> str:
    """The section of the page. `surroundings` says when and where."""
    broken = any(outcome.broken for outcome in outcomes)
    return f"""\
## C: a starved generator

{"**A promise was missed in these runs: see the rows.**" + chr(10) * 2 if broken else ""}\
A server of known delay on one core, and a generator of 500 messages a second on another: left alone with real-time
priority (quiet) and without (alone), at the lowest priority beside a busy loop (niced), beside one, beside four
(shared, crowded) and beside one of the lowest priority (grazed), with a function that blocks, with more work than a
core can do (overloaded). The promise: a run whose p99 the generator itself moved by more than 10 % is not trusted, and
one that is left alone is. A run is disturbed where other programs used more than a tenth of a core meanwhile: it may
be distrusted, unless it has real-time priority.

{starved_table(outcomes)}

{surroundings}

To repeat it: `{again("bench/starved.py --write")}`."""
