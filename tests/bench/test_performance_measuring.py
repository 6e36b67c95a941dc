"""A run is what the server and the system saw of it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from bench.peers.peer import PeerOutcome
from bench.performance.counters import Counters
from bench.performance.measuring import Measured, Sample, Stretch, difference
from bench.performance.process_tree import Usage


def sample(at_s: float, cpu_s: float, upgraded: int = 0, sent: int = 0, rss_bytes: int = 0) -> Sample:
    return Sample(at_s, Counters(upgraded=upgraded, sent=sent), Usage(cpu_s, rss_bytes))


MEASURED = Measured(
    connecting=Stretch(sample(1.0, 0.5, upgraded=50, rss_bytes=10_500_000), sample(3.0, 1.4, upgraded=950)),
    working=Stretch(sample(5.0, 2.0, sent=1_000), sample(9.0, 4.0, sent=101_000, rss_bytes=20_000_000)),
    connections=1000,
)


def outcome(round_trips: int, seconds: float) -> PeerOutcome:
    return PeerOutcome(round_trips=round_trips, seconds=seconds, connections=1000, failures=0, began_at=0.0)


def test_figures_are_of_the_stretch_alone() -> None:
    assert MEASURED.rate == 25_000
    assert MEASURED.per_cpu_s == 50_000
    assert MEASURED.cpu_us == pytest.approx(20)
    assert MEASURED.busy == 0.5
    assert MEASURED.connect_rate == 450
    assert MEASURED.connect_us == pytest.approx(1000)
    assert MEASURED.memory_kb == 20
    assert MEASURED.more_memory_kb == 10


def test_what_did_not_happen_has_no_figure() -> None:
    idle = Stretch(sample(1.0, 0.5), sample(2.0, 0.5))
    nothing = replace(MEASURED, connecting=idle, working=idle)
    assert nothing.rate == nothing.connect_rate == 0
    assert math.isnan(nothing.cpu_us)
    assert math.isnan(nothing.connect_us)


def test_a_tool_that_counts_otherwise_than_the_server_is_told_of() -> None:
    total = Counters(sent=150_000)
    assert difference(MEASURED, outcome(150_000, 1.0), total) == ""  # all of them, in whatever time
    assert difference(MEASURED, outcome(52_000, 2.0), total) == ""  # 26,000/s of a part of the time
    assert difference(MEASURED, outcome(60_000, 2.0), total) == "it says 30,000/s itself, the server 25,000/s"
