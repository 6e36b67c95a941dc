"""docs/staging.md: what each share asks for, what was seen of it, and what stands in the way of the next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.accuracy.page import sections_of
from bench.accuracy.table import table
from bench.big_run import Cost
from bench.needs import Machine, Needs
from bench.staging.attempt import LATENESS_MS, STARTED, Attempt

HEAD = """\
# The YMERA plan on this machine

Written by `bench/staging.sh`; no figure in it is typed by hand. The plan is
[examples/ymera/artillery_websocket.yml](../examples/ymera/artillery_websocket.yml): sessions of 167 s, arriving at
1000 per second for half an hour, and at twice that rate at the peak. Generator and server share one machine, so what
is found here is what both of them need together.

Each section is of the hour that its last line names. A virtual machine's speed depends on what else its host does: a
larger share may hold in one hour where a smaller one did not in another.
"""

SEARCH = "search"
_WHOLE = re.compile(r"whole_(\d+)")
_GIB = 2**30


def whole(percent: int) -> str:
    """The name of the section on the whole plan at a share (percent); each share that is tried has its own."""
    return f"whole_{percent}"


def put(path: Path, sections: Mapping[str, str]) -> None:
    """Writes the sections into the page, in place of older ones of the same name."""
    before = sections_of(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(page_of({**before, **sections}), encoding="utf-8")


def page_of(sections: Mapping[str, str]) -> str:
    """The page of these sections, in the order in which they are read."""
    shares = {int(found[1]): found[0] for found in map(_WHOLE.fullmatch, sections) if found is not None}
    names = [*([SEARCH] if SEARCH in sections else []), *(shares[percent] for percent in sorted(shares))]
    return "\n".join([HEAD, *(f"<!-- begin {name} -->\n{sections[name]}\n<!-- end {name} -->\n" for name in names)])


def asked_table(needs: Mapping[int, Needs], machine: Machine) -> str:
    """What each share (percent) asks of the machine, worked out beforehand."""
    head = ("share", "users", "at once", "peak, users/s", "processes on each side", "memory, GiB", "allowed")
    rows = [
        (
            f"{percent} %",
            f"{need.users:,}",
            f"{need.at_once:,}",
            f"{need.peak_rate:,.0f}",
            f"{need.processes}",
            f"{need.memory / _GIB:.1f}",
            need.missing(machine) or "yes",
        )
        for percent, need in sorted(needs.items())
    ]
    files = "any number of" if machine.files is None else f"{machine.files:,}"
    memory = "" if machine.memory is None else f", with {machine.memory / _GIB:.1f} GiB of memory free before"
    return f"{table(head, rows, right=range(6))}\n\nA process may hold {files} files open here{memory}."


def seen_table(attempts: Iterable[Attempt]) -> str:
    """What was seen of each share that was tried."""
    counted = ("share", "started", "at once", "lateness p99, ms", "response p99, ms", "failed", "trust")
    head = (*counted, "generator: workers", "cores", "GiB", "server: cores", "GiB", "")
    rows = []
    for attempt in sorted(attempts, key=lambda attempt: attempt.scale.percent):
        run, share = attempt.run, f"{attempt.scale.percent} %"
        if run is None:
            rows.append((share, *("–" for _ in range(len(head) - 2)), attempt.obstacle))
            continue
        rows.append(
            (
                share,
                f"{100 * attempt.started:.2f} %",
                f"{run.gauge('vusers.active'):,.0f}",
                _figure(attempt.lateness_ms),
                _figure(run.figure("websocket.response_time", "p99")),
                f"{run.counter('vusers.failed'):,}",
                "ok" if run.trusted else "**lost**",
                f"{run.workers}",
                *_cost(run.generator),
                *_cost(run.server),
                "holds" if attempt.holds else "**does not hold**",
            )
        )
    return table(head, rows, right=range(len(head) - 1))


def criteria() -> str:
    """What "holds" means."""
    return (
        f"A share holds where at least {100 * STARTED:g} % of the planned arrivals were started, the p99 of "
        f"`generator.lateness` is at most {LATENESS_MS:g} ms, no user failed, and the run is complete: then the load "
        "was the planned one. Whether the response times are the server's alone is another question, which the column "
        "of trust answers. Cores are those of the busiest ten seconds; memory is the most that the processes held, "
        "without the kernel's part."
    )


def distrusted(attempts: Sequence[Attempt]) -> str:
    """Of which shares the response times are not the server's alone, and why; empty where there is none."""
    told = [
        f"At {attempt.scale.percent} % the response times are not the server's alone: {'; '.join(attempt.run.reasons)}."
        for attempt in attempts
        if attempt.run is not None and not attempt.run.trusted
    ]
    return "\n".join(told)


def outcome(attempts: Sequence[Attempt], cores: int) -> str:
    """Which share holds, or that not even the smallest does, and what stands in the way of the next."""
    held = [attempt.scale.percent for attempt in attempts if attempt.holds]
    smallest = min(attempt.scale.percent for attempt in attempts)
    found = f"**{max(held)} % of the rates hold.**" if held else f"**{smallest} % of the rates do not hold.**"
    return " ".join(filter(None, (found, in_the_way(attempts, cores))))


def in_the_way(attempts: Sequence[Attempt], cores: int) -> str:
    """What stands in the way of the next share, in a sentence or two; nothing where no larger one was tried."""
    failed = [attempt for attempt in attempts if not attempt.holds]
    if not failed:
        all_of_them = any(attempt.scale.percent == 100 for attempt in attempts)
        return "Nothing stands in the way: these are all the rates there are." if all_of_them else ""
    first = min(failed, key=lambda attempt: attempt.scale.percent)
    text = f"What stands in the way at {first.scale.percent} %: {'; '.join(first.missed)}."
    if first.run is not None and first.run.generator.cores is not None and first.run.server.cores is not None:
        text += (
            f" In its busiest ten seconds the generator used {first.run.generator.cores:.2f} cores and the server "
            f"{first.run.server.cores:.2f}, of {cores}."
        )
    return text


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _cost(cost: Cost) -> tuple[str, str]:
    memory = "–" if cost.peak_bytes is None else f"{cost.peak_bytes / _GIB:.2f}"
    return _figure(cost.cores), memory
