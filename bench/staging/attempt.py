"""One share of the rates, tried: did it hold?"""

from __future__ import annotations

from dataclasses import dataclass

from bench.big_run import BigRun
from bench.needs import Needs
from bench.staging.scaling import Scale

STARTED = 0.999
"""The least share of the planned arrivals that must have been started."""

LATENESS_MS = 20.0
"""The most that the p99 of generator.lateness may be."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of it; `run` is None where there is none to be judged, and `obstacle` says why.

    `sides`: what it was made against, and which priority both had, in words.
    """

    scale: Scale
    needs: Needs
    run: BigRun | None
    obstacle: str = ""
    sides: str = ""

    @property
    def started(self) -> float:
        """The share of the planned arrivals that were started."""
        return self.run.counter("vusers.created") / self.needs.users if self.run is not None and self.needs.users else 0

    @property
    def lateness_ms(self) -> float | None:
        """The p99 of generator.lateness, in milliseconds."""
        return None if self.run is None else self.run.figure("generator.lateness", "p99")

    @property
    def missed(self) -> list[str]:
        """What did not hold, a few words each; empty where everything did."""
        if self.run is None:
            return [self.obstacle]
        found = []
        if self.started < STARTED:
            found.append(f"only {100 * self.started:.2f} % of the planned arrivals were started")
        if self.lateness_ms is None or self.lateness_ms > LATENESS_MS:
            late = "unknown" if self.lateness_ms is None else f"{self.lateness_ms:,.1f} ms"
            found.append(f"the p99 of lateness is {late}, and {LATENESS_MS:g} ms is allowed")
        if failed := self.run.counter("vusers.failed"):
            kinds = ", ".join(f"{error['count']:,} {error['kind']}" for error in self.run.summary["errors"])
            found.append(f"{failed:,} users failed ({kinds})")
        if not self.run.complete:
            found.append("the run is not complete")
        return found

    @property
    def holds(self) -> bool:
        """Whether this share was carried."""
        return not self.missed
