"""What became of pushes, in words: how many came, how long they took, and by whose clock."""

from __future__ import annotations

import textwrap

from wavetank.metrics import names
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.summary import Summary
from wavetank.metrics.values import statistic
from wavetank.plan.outline import Outline
from wavetank.report.figures import WIDTH, milliseconds

_EMPTY = Histogram()


def push_lines(summary: Summary, outline: Outline | None = None) -> list[str]:
    """Lines for the text report; none where no pushes were measured."""
    counters = summary.counters
    received, strange = (counters.get(name, 0) for name in (names.PUSHES_RECEIVED, names.PUSHES_UNMEASURED))
    clock = outline.push_clock if outline is not None else None
    if not received and not strange and clock is None:
        return []
    gaps = (
        ("lost", names.PUSHES_LOST),
        ("duplicated", names.PUSHES_DUPLICATED),
        ("out of order", names.PUSHES_OUT_OF_ORDER),
    )
    counted = ", ".join(f"{word} {counters.get(name, 0):,}" for word, name in gaps)
    lines = [f"  received {received:,}, {counted}"]
    times = summary.histograms.get(names.PUSH_TIME, _EMPTY)
    if times.count:
        lines.append(f"  push time (ms): {_figures(times)}")
    lines += _wrapped(_clocks(summary, by_server=clock == "server"))
    early = counters.get(names.PUSHES_BEFORE_SENT, 0)
    if early:
        lines += _wrapped(
            f"{early:,} came before they were made, by their timestamps, and count as 0 ms: "
            "the clock that made these is ahead of the one that received them."
        )
    if strange:
        lines += _wrapped(
            f"{strange:,} could not be measured in full: they have no usable timestamp, sequence or channel, or one "
            "connection has too many channels."
        )
    return lines


def _clocks(summary: Summary, *, by_server: bool) -> str:
    """What the offset between two clocks does to push time; nothing where there is one clock."""
    corrected = summary.histograms.get(names.PUSH_TIME_CORRECTED, _EMPTY)
    offset = summary.derived.get(names.CLOCK_OFFSET)
    if not by_server and not corrected.count:
        return ""
    said = "The server makes the timestamps, so push time includes the offset between its clock and ours"
    if offset is None:
        return f"{said}. How much that is, config.push.serverTime would tell."
    direction = "ahead of" if offset >= 0 else "behind"
    text = f"{said}: it is {milliseconds(abs(offset))} ms {direction} ours"
    return f"{text}. Corrected by that: {_figures(corrected)}." if corrected.count else f"{text}."


def _figures(histogram: Histogram) -> str:
    return "   ".join(f"{each} {milliseconds(statistic(histogram, each))}" for each in ("p50", "p95", "p99", "max"))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
