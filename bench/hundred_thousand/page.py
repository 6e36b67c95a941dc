"""docs/hundred-thousand.md: what was promised, what was seen, and the report of the run."""

from __future__ import annotations

from collections.abc import Sequence

from bench.accuracy.table import table, verdict
from bench.big_run import BigRun
from bench.hundred_thousand.crowd import Crowd
from bench.hundred_thousand.promises import Promise


def page_of(
    crowd: Crowd,
    run: BigRun,
    made: Sequence[Promise],
    target: str,
    priority: str,
    surroundings: str,
    command: str,
) -> str:
    """The whole page. `priority`: what both sides had of it, in words."""
    kept = all(promise.kept for promise in made)
    rows = [(promise.what, promise.wanted, promise.seen, verdict(promise.kept)) for promise in made]
    return f"""\
# {crowd.users:,} users at once

Written by `{command}`; no figure in it is typed by hand. {crowd.users:,} users arrive in {crowd.arriving_s:g} s,
{crowd.rate:,.0f} per second. Each connects, sends a message every {crowd.every_s:g} s, decodes the reply and checks
it, {crowd.rounds} times: {crowd.users / crowd.every_s:,.0f} round trips a second while all are there, and
{crowd.messages:,} altogether. Generator and server ({target}) share one machine, both with {priority}.

{"Everything that was promised was kept." if kept else "**A promise was missed: see the rows.**"}

This is a single run. Whether it is trusted depends on how quick the machine is in that hour, too: on a virtual machine
that changes, and another run may keep all but that.

{table(("", "promised", "seen", ""), rows, right=(1, 2))}

{_figures(run)}

```
{run.text.strip()}
```

{surroundings}. To repeat it: `{command}`.
"""


def _figures(run: BigRun) -> str:
    parts = [f"{run.workers} processes carried the users."]
    for name, cost in (("the generator", run.generator), ("the server", run.server)):
        if cost.cores is not None and cost.peak_bytes is not None:
            parts.append(
                f"In its busiest ten seconds {name} used {cost.cores:.2f} cores; it held at most "
                f"{cost.peak_bytes / 2**20:,.0f} MiB."
            )
    late = run.figure("generator.lateness", "p99")
    if late is not None:
        parts.append(f"The p99 of `generator.lateness` was {late:.2f} ms.")
    if run.reasons:
        parts.append(f"It is not to be trusted: {'; '.join(run.reasons)}.")
    return " ".join(parts)
