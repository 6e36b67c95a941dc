from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from wavetank.library.timeline import Timeline
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import Snapshot

MS = 1_000_000
SECOND = 10**9


def a_snapshot(worker: int, start_s: float, end_s: float, *, replies: int = 2, users: int = 5) -> Snapshot:
    """One worker's second: replies of 1, 2, … ms each, and as many users as it is told."""
    recorder = Recorder(0)
    recorder.counts["websocket.messages_sent"] += replies
    recorder.samples("websocket.response_time").extend([(each + 1) * MS for each in range(replies)])
    if replies == 0:
        recorder.error("reply_timeout", "nothing came")
    readings = {"cpu_percent": 10.0 * (worker + 1)}
    gauges = {"vusers.active": users, "websocket.open": users}
    return recorder.take(worker, round(start_s * SECOND), round(end_s * SECOND), gauges, readings)


def test_the_snapshots_of_all_workers_in_a_second_are_one_row() -> None:
    timeline = Timeline.of(
        [
            a_snapshot(0, 0, 1),
            a_snapshot(1, 0, 1, replies=4, users=7),
            a_snapshot(1, 1.0001, 1.5),
            a_snapshot(0, 1, 1.25),
        ]
    )
    assert timeline.seconds.tolist() == [0, 1]
    assert timeline.sent.tolist() == timeline.replies.tolist() == [6, 4]
    assert timeline.users_active.tolist() == timeline.open.tolist() == [12, 10]
    assert timeline.response_max.tolist() == pytest.approx([4, 2], rel=0.001)
    assert timeline.response_p50.tolist() == pytest.approx([2, 1], rel=0.001)
    assert timeline.measured_s.tolist() == pytest.approx([1, 0.4999], rel=0.001)
    assert len(timeline) == 2


def test_a_second_that_is_cut_in_two_is_one_row() -> None:
    timeline = Timeline.of([a_snapshot(0, 0, 0.25, users=1), a_snapshot(0, 0.25, 1, users=9)])
    assert timeline.replies.tolist() == [4]
    assert timeline.users_active.tolist() == [9]
    assert timeline.measured_s.tolist() == [1]


def test_what_was_not_measured_is_nan_and_seconds_without_a_snapshot_are_there() -> None:
    timeline = Timeline.of([a_snapshot(0, 0, 1, replies=0), a_snapshot(0, 1, 3.2), a_snapshot(0, 3.2, 4)])
    assert timeline.seconds.tolist() == [0, 1, 2, 3]
    assert timeline.replies.tolist() == [0, 2, 0, 2]
    assert timeline.errors.tolist() == [1, 0, 0, 0]
    assert np.isnan(timeline.response_p95).tolist() == [True, False, True, False]
    assert timeline.users_active.tolist() == [5, 5, 5, 5]
    assert timeline.measured_s.tolist() == pytest.approx([1, 2.2, 0, 0.8])


def test_a_run_of_nothing_has_no_rows() -> None:
    assert {len(array) for array in Timeline.of([]).columns().values()} == {0}


def test_counts_are_integers_times_are_floats_and_none_can_be_changed() -> None:
    columns = Timeline.of([a_snapshot(0, 0, 1)]).columns()
    assert columns["seconds"].dtype == columns["open"].dtype == np.int64
    assert columns["response_p99"].dtype == columns["cpu_percent"].dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        columns["sent"][0] = 1


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_it_becomes_a_table_with_a_column_for_each_array(package: str) -> None:
    module = pytest.importorskip(package, reason="100 MB and more, and no dependency of ours: installed by hand")
    timeline = Timeline.of([a_snapshot(0, 0, 1), a_snapshot(0, 1, 2)])
    table = getattr(timeline, f"to_{package}")()
    assert isinstance(table, module.DataFrame)
    assert list(table.columns) == list(timeline.columns())
    assert list(table["replies"]) == [2, 2]


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_what_makes_the_table_gets_the_columns(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, SimpleNamespace(DataFrame=dict))
    timeline = Timeline.of([a_snapshot(0, 0, 1)])
    assert getattr(timeline, f"to_{package}")() == timeline.columns()


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_package_that_is_missing_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"pip install {package}$"):
        getattr(Timeline.of([]), f"to_{package}")()
