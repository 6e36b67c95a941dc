from __future__ import annotations

import pickle

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.metrics.health import Blocked, Health
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import ErrorCount, Flow, Snapshot

SECOND = 10**9

few_names = st.sampled_from(["a", "b", "websocket.response_time.ping"])
amounts = st.integers(0, 10**6)
histograms = st.lists(st.integers(0, 10**10), max_size=5).map(Histogram.of)
offsets = st.one_of(st.none(), st.integers(0, 10**9))
# Whole readings: sums of other floats depend on their order in the last digit.
readings = st.dictionaries(few_names, st.integers(0, 1000).map(float), max_size=2)
healths = st.builds(
    Health,
    at_ns=st.integers(0, 3),
    observed_ns=amounts,
    cpu_ns=amounts,
    gauges=readings,
    highest=readings,
    lateness=histograms,
    loop_lag=histograms,
    blocked=st.dictionaries(few_names, st.builds(Blocked, amounts, amounts, amounts), max_size=2),
)
texts = st.sampled_from(["", "x", "y"])
snapshots = st.builds(
    Snapshot,
    worker=st.one_of(st.none(), st.integers(0, 2)),
    start_ns=amounts,
    end_ns=amounts,
    counters=st.dictionaries(few_names, amounts, max_size=2),
    rates=st.dictionaries(few_names, amounts, max_size=2),
    histograms=st.dictionaries(few_names, histograms, max_size=2),
    errors=st.dictionaries(few_names, st.builds(ErrorCount, amounts, texts, texts), max_size=2),
    flow=st.dictionaries(few_names, st.builds(Flow, offsets, offsets), max_size=2),
    workers=st.dictionaries(st.integers(0, 2), healths, max_size=2),
)


@given(snapshots, snapshots, snapshots)
def test_addition_is_associative_and_commutative(a: Snapshot, b: Snapshot, c: Snapshot) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c) == Snapshot.total([c, a, b])


@given(snapshots, snapshots)
def test_addition_leaves_its_terms_as_they_were(a: Snapshot, b: Snapshot) -> None:
    before = a.to_dict(), b.to_dict()
    total = a + b
    total += a
    total += b
    assert (a.to_dict(), b.to_dict()) == before


@given(snapshots)
def test_json_and_pickle_restore_an_equal_snapshot(snapshot: Snapshot) -> None:
    assert Snapshot.from_dict(orjson.loads(orjson.dumps(snapshot.to_dict()))) == snapshot
    assert pickle.loads(pickle.dumps(snapshot)) == snapshot


def at(worker: int, second: int, active: float) -> Snapshot:
    end = second * SECOND
    health = Health(at_ns=end, observed_ns=SECOND, cpu_ns=SECOND // 2, gauges={"vusers.active": active})
    return Snapshot(worker, end - SECOND, end, workers={worker: health})


def test_gauges_add_over_workers_and_the_latest_reading_counts_over_time() -> None:
    assert (at(0, 1, 10) + at(1, 1, 5)).gauges == {"vusers.active": 15}
    run = Snapshot.total([at(0, 1, 10), at(1, 1, 5), at(0, 2, 3), at(1, 2, 4)])
    assert run.gauges == {"vusers.active": 7}
    assert run.workers[0].cpu_percent == 50
    assert run.duration_s == 2


def test_the_worker_is_told_as_long_as_there_is_only_one() -> None:
    assert (at(1, 1, 0) + at(1, 2, 0)).worker == 1
    assert (at(0, 1, 0) + at(1, 1, 0)).worker is None


def test_the_empty_sum_changes_nothing_but_whose_it_is() -> None:
    part = at(0, 1, 3)
    total = Snapshot()
    total += part
    part.worker = None
    assert total == part
    assert Snapshot.total([]) == Snapshot()


def test_of_two_tracebacks_one_is_kept_and_what_blocked_adds_up() -> None:
    assert ErrorCount(2, "b") + ErrorCount(1, "a", "z\ny") + ErrorCount(1, "c", "y\nx") == ErrorCount(4, "a", "y\nx")
    assert Blocked(1, 5, 5) + Blocked(2, 9, 7) == Blocked(3, 14, 7)


def test_a_journal_of_before_there_were_tracebacks_is_read() -> None:
    written = Snapshot(errors={"a": ErrorCount(1, "x", "t")}, workers={0: Health()}).to_dict()
    del written["workers"]["0"]["blocked"]
    written["errors"]["a"].pop()
    assert Snapshot.from_dict(written) == Snapshot(errors={"a": ErrorCount(1, "x")}, workers={0: Health()})
    assert Snapshot(errors={"a": ErrorCount(1, "x")}).to_dict()["errors"] == {"a": [1, "x"]}


def test_flow_spans_from_the_first_send_to_the_last_reply() -> None:
    assert Flow(5, 9) + Flow(3, None) == Flow(3, 9)
    assert Flow(None, None) + Flow(None, 4) == Flow(None, 4)


@pytest.mark.parametrize(
    "change",
    [
        {"counters": None},
        {"workers": {"x": {}}},
        {"errors": {"a": 1}},
        {"errors": {"a": [1, "x", "trace", "more"]}},
        {"workers": {"0": {**Health().to_dict(), "blocked": {"f()": [1, 2]}}}},
        {"workers": {"0": {**Health().to_dict(), "blocked": 1}}},
        {"histograms": {"a": {}}},
        {"end_ns": []},
    ],
)
def test_a_damaged_snapshot_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the sentence differs, the kind of error is the promise
        Snapshot.from_dict({**Snapshot().to_dict(), **change})


def test_a_line_that_is_no_snapshot_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match=r"not a snapshot.*worker"):
        Snapshot.from_dict({})
