from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.metrics.test_snapshot import snapshots as any_snapshots
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.stretches import Measured, Stretch, StretchSummary, collapsed, divide, summarise_stretches

SECOND = 10**9

boundaries = st.lists(st.integers(1, 10**6), unique=True, max_size=6).map(sorted)
timelines = st.lists(any_snapshots, min_size=1, max_size=8)


def stretches_of(instants: list[int]) -> list[Stretch]:
    edges = [0, *instants]
    return [*(Stretch(str(start), start, end) for start, end in pairwise(edges)), Stretch("after", edges[-1], None, 0)]


@given(timelines, boundaries)
def test_the_sum_of_all_stretches_is_the_whole_run(timeline: list[Snapshot], instants: list[int]) -> None:
    stretches = stretches_of(instants)
    parts = [part for part in divide(timeline, stretches) if part != Snapshot()]
    parts += [each for each in timeline if each == Snapshot()]
    assert Snapshot.total(parts) == Snapshot.total(timeline)


@given(timelines, boundaries)
def test_each_snapshot_is_in_the_stretch_in_which_it_began(timeline: list[Snapshot], instants: list[int]) -> None:
    stretches = stretches_of(instants)
    for stretch, part in zip(stretches, divide(timeline, stretches), strict=True):
        inside = [snapshot for snapshot in timeline if stretch.holds(snapshot.start_ns)]
        assert part == Snapshot.total(inside)


@given(st.lists(st.integers(0, 9999), max_size=60), st.integers(0, 9), st.integers(1, 10), st.integers(1, 5))
def test_a_window_between_two_cuts_holds_exactly_what_came_in_it(
    came_ms: list[int], first: int, length: int, workers: int
) -> None:
    # Snapshots of one second each, of several workers, and a window that begins and ends at one of their bounds.
    timeline = []
    for worker in range(workers):
        own = sorted(came_ms)[worker::workers]
        for second in range(10):
            values = [ms for ms in own if ms // 1000 == second]
            timeline.append(
                Snapshot(
                    worker,
                    second * SECOND,
                    (second + 1) * SECOND,
                    {"websocket.replies": len(values)},
                    histograms={"websocket.response_time": Histogram.of(values)},
                )
            )
    measured = Measured((Stretch("", first * SECOND, (first + length) * SECOND),))
    inside = Snapshot.total(snapshot for snapshot in timeline if measured.holds(snapshot))
    expected = [ms for ms in came_ms if first <= ms // 1000 < first + length]
    assert inside.counters["websocket.replies"] == len(expected)
    assert inside.histograms["websocket.response_time"] == Histogram.of(expected)


def interval(start_s: float, end_s: float, created: int = 1) -> Snapshot:
    return Snapshot(0, round(start_s * SECOND), round(end_s * SECOND), {"vusers.created": created})


def test_stretches_end_with_the_run_and_those_never_reached_are_left_out() -> None:
    stretches = stretches_of([2 * SECOND, 4 * SECOND, 6 * SECOND])
    summaries = summarise_stretches([interval(0, 2), interval(2, 3.5)], stretches)
    assert [(each.start_ns / SECOND, each.end_ns / SECOND) for each in summaries] == [(0, 2), (2, 3.5)]
    assert [each.values.value("vusers.arrival_rate") for each in summaries] == [1 / 2, 1 / 1.5]


def test_what_comes_after_the_last_phase_is_told_if_there_was_anything() -> None:
    stretches = stretches_of([2 * SECOND])
    nothing = summarise_stretches([interval(0, 2), interval(2, 2.1, created=0)], stretches)
    assert [each.name for each in nothing] == ["0"]
    something = summarise_stretches([interval(0, 2), interval(2, 2.1)], stretches)
    assert [each.name for each in something] == ["0", "after"]


def test_consecutive_short_phases_become_one_and_long_ones_stay() -> None:
    def part(name: str, start_s: float, end_s: float, phases: int = 1) -> StretchSummary:
        total = interval(start_s, end_s)
        return StretchSummary(name, total.start_ns, total.end_ns, total, phases)

    parts = [part("a", 0, 0.5), part("b", 0.5, 1), part("c", 1, 3), part("d", 3, 3.5), part("e", 3.5, 3.6, phases=0)]
    together = list(collapsed(parts))
    assert [each.name for each in together] == ["a ... b", "c", "d", "e"]
    assert [each.phases for each in together] == [2, 1, 1, 0]
    assert Snapshot.total(each.total for each in together) == Snapshot.total(each.total for each in parts)


def test_thousands_of_short_phases_do_not_blow_the_summary_up() -> None:
    instants = [number * SECOND // 100 for number in range(1, 5001)]
    timeline = [interval(number / 100, (number + 1) / 100) for number in range(5001)]
    first, last = summarise_stretches(timeline, stretches_of(instants))
    assert (first.phases, first.total.counters["vusers.created"]) == (5000, 5000)
    assert last.name == "after"
