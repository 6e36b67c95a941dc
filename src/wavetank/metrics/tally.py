"""Snapshots added up as they come in, with the highest reading of each gauge."""

from __future__ import annotations

from wavetank.metrics.snapshot import Snapshot


class Tally:
    """A sum that grows. `total` is the sum so far; `peaks` holds the highest reading of each gauge over the sums."""

    def __init__(self) -> None:
        self.total = Snapshot()
        self.peaks: dict[str, float] = {}
        self._is_empty = True

    def add(self, snapshot: Snapshot) -> None:
        """Adds a snapshot."""
        if self._is_empty:
            # The empty sum starts at 0, which a part of a run does not.
            self.total, self._is_empty = snapshot.copy(), False
        else:
            self.total += snapshot
        for name, value in self.total.gauges.items():
            self.peaks[name] = max(value, self.peaks.get(name, value))
