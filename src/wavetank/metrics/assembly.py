"""A snapshot in the making: its interval has ended, and its histograms are made one after another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from wavetank.metrics import names
from wavetank.metrics.health import Health
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import Snapshot


class Assembly:
    """Makes a snapshot in steps of some hundredths of a millisecond each, between which the loop can do other things.

    A loop stands still for a step, and whatever is received meanwhile is timed too late: many short standstills are
    worth less than one long one.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        health: Health,
        folded: dict[str, Histogram],
        left: Mapping[str, list[int]],
        overall: Mapping[str, str],
    ) -> None:
        """`snapshot` has all but its histograms, and `health`, which is in it, all but its own.

        `folded` has the histograms of a part of the values, by name, and `left` the values (ns) that are not in them.
        `overall` names, for the histogram of a message name, the one over all names that it is a part of.
        """
        self._snapshot = snapshot
        self._health = health
        self._folded = folded
        self._left = left
        self._overall = overall
        self._steps = self._work()
        self.complete = False
        """Whether no step is left."""

    def step(self) -> None:
        """Does the next piece of the work; nothing once it is complete."""
        self.complete = next(self._steps, None) is None

    def finished(self) -> Snapshot:
        """The snapshot; whatever is left of the work is done first."""
        while not self.complete:
            self.step()
        return self._snapshot

    def _work(self) -> Iterator[str]:
        """Each piece is told by the name of what it made."""
        histograms = self._snapshot.histograms
        parts: defaultdict[str, list[Histogram]] = defaultdict(list)
        for name, values in self._left.items():
            self._folded.setdefault(name, Histogram()).record_many(values)
            yield name
        for name, histogram in self._folded.items():
            histogram.compact()
            histograms[name] = histogram
            if name in self._overall:
                parts[self._overall[name]].append(histogram)
            yield name
        for metric, histograms_of_names in parts.items():
            total = Histogram()
            for histogram in histograms_of_names:
                total += histogram
                yield metric
            total.compact()
            histograms[metric] = total
        if names.RESPONSE_TIME in histograms:
            counters = self._snapshot.counters
            counters[names.REPLIES] = counters.get(names.REPLIES, 0) + histograms[names.RESPONSE_TIME].count
        health = self._health
        health.lateness = histograms.get(names.LATENESS, Histogram()).copy()
        health.loop_lag = histograms.get(names.LOOP_LAG, Histogram()).copy()
        health.stalls = histograms.get(names.STALL, Histogram()).copy()
        health.gc_pauses = histograms.get(names.GC_PAUSE, Histogram()).copy()
