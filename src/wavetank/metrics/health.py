"""What a worker says about itself: how busy it was, how late, and what it holds at the moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from wavetank.metrics.clock import ClockOffset, better
from wavetank.metrics.histogram import Histogram


@dataclass(frozen=True, slots=True)
class Blocked:
    """How often a place in the user's own code kept the loop from its work, for how long in all, and at most."""

    count: int
    total_ns: int
    longest_ns: int

    def __add__(self, other: Blocked) -> Blocked:
        """Both together."""
        return Blocked(self.count + other.count, self.total_ns + other.total_ns, max(self.longest_ns, other.longest_ns))


@dataclass(slots=True)
class Health:
    """One worker over a stretch of time; two stretches of the same worker add up.

    `observed_ns` is the length of the stretch, `cpu_ns` the processor time used in it, `waited_ns` how long the worker
    could have run and had no core (0 where the system does not tell). `gauges` are the readings taken at `at_ns`, the
    end of the stretch. `highest` is the highest of each other reading that the worker gives (`cpu_percent`, `rss_mb`,
    …). `stalls` holds, for each value of `loop_lag`, the part of it in which the worker did not work. `clock` is
    what the worker knows of the server's clock. `blocked` names the places of the user's own code in which the loop
    stood still for long: `block() (processor.py:17)`.
    """

    at_ns: int = 0
    observed_ns: int = 0
    cpu_ns: int = 0
    waited_ns: int = 0
    gauges: dict[str, float] = field(default_factory=dict)
    highest: dict[str, float] = field(default_factory=dict)
    lateness: Histogram = field(default_factory=Histogram)
    loop_lag: Histogram = field(default_factory=Histogram)
    stalls: Histogram = field(default_factory=Histogram)
    gc_pauses: Histogram = field(default_factory=Histogram)
    clock: ClockOffset | None = None
    blocked: dict[str, Blocked] = field(default_factory=dict)

    @property
    def cpu_percent(self) -> float:
        """Mean load of the worker's process: 100 is one core fully used."""
        return 100 * self.cpu_ns / self.observed_ns if self.observed_ns else 0.0

    @property
    def waited_percent(self) -> float:
        """Share of the time in which the worker could have run and had no core."""
        return 100 * self.waited_ns / self.observed_ns if self.observed_ns else 0.0

    def __iadd__(self, other: Health) -> Self:
        # The later reading counts. Of two at the same instant one is taken, the same whatever the order.
        mine, theirs = (self.at_ns, sorted(self.gauges.items())), (other.at_ns, sorted(other.gauges.items()))
        if theirs > mine:
            self.at_ns, self.gauges = other.at_ns, dict(other.gauges)
        self.observed_ns += other.observed_ns
        self.cpu_ns += other.cpu_ns
        self.waited_ns += other.waited_ns
        for name, value in other.highest.items():
            self.highest[name] = max(value, self.highest.get(name, value))
        self.lateness += other.lateness
        self.loop_lag += other.loop_lag
        self.stalls += other.stalls
        self.gc_pauses += other.gc_pauses
        self.clock = better(self.clock, other.clock)
        for place, blocked in other.blocked.items():
            self.blocked[place] = self.blocked[place] + blocked if place in self.blocked else blocked
        return self

    def copy(self) -> Health:
        """An independent Health of the same readings."""
        return replace(
            self,
            gauges=dict(self.gauges),
            highest=dict(self.highest),
            lateness=self.lateness.copy(),
            loop_lag=self.loop_lag.copy(),
            stalls=self.stalls.copy(),
            gc_pauses=self.gc_pauses.copy(),
            blocked=dict(self.blocked),
        )

    def compact(self) -> None:
        """Gives back memory that only further addition needs."""
        for histogram in (self.lateness, self.loop_lag, self.stalls, self.gc_pauses):
            histogram.compact()

    def to_dict(self) -> dict[str, Any]:
        """A form for JSON; `from_dict` restores an equal Health."""
        return {
            "at_ns": self.at_ns,
            "observed_ns": self.observed_ns,
            "cpu_ns": self.cpu_ns,
            "waited_ns": self.waited_ns,
            "gauges": dict(self.gauges),
            "highest": dict(self.highest),
            "lateness": self.lateness.to_dict(),
            "loop_lag": self.loop_lag.to_dict(),
            "stalls": self.stalls.to_dict(),
            "gc_pauses": self.gc_pauses.to_dict(),
            "clock": None if self.clock is None else list(self.clock),
            "blocked": {
                place: [blocked.count, blocked.total_ns, blocked.longest_ns] for place, blocked in self.blocked.items()
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Health:
        """Restores what `to_dict` wrote, the first versions without `blocked`.

        Raises ValueError, KeyError, TypeError or AttributeError for anything else.
        """
        return cls(
            at_ns=int(data["at_ns"]),
            observed_ns=int(data["observed_ns"]),
            cpu_ns=int(data["cpu_ns"]),
            waited_ns=int(data["waited_ns"]),
            gauges=dict(data["gauges"]),
            highest=dict(data["highest"]),
            lateness=Histogram.from_dict(data["lateness"]),
            loop_lag=Histogram.from_dict(data["loop_lag"]),
            stalls=Histogram.from_dict(data["stalls"]),
            gc_pauses=Histogram.from_dict(data["gc_pauses"]),
            clock=None if data["clock"] is None else ClockOffset(*map(int, data["clock"])),
            blocked={str(place): Blocked(*map(int, entry)) for place, entry in data.get("blocked", {}).items()},
        )
