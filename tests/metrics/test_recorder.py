from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.metrics.health import Blocked
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import ErrorCount, Flow, Snapshot

ORIGIN = 1_000_000
MS = 1_000_000


def take(recorder: Recorder, **more: Any) -> Snapshot:
    parts: dict[str, Any] = {"gauges": {}, "health": {}, **more}
    return recorder.take(0, ORIGIN, ORIGIN + 10**9, parts["gauges"], parts["health"])


def test_a_snapshot_holds_what_was_recorded_by_name_and_overall() -> None:
    recorder = Recorder(ORIGIN)
    for name, response in (("ping", 5 * MS), ("ping", 7 * MS), ("subscribe", 9 * MS)):
        series = recorder.series(name)
        series.sent += 1
        series.response_ns.append(response)
        series.service_ns.append(response - MS)
    recorder.counts["websocket.messages_sent"] += 3
    snapshot = take(recorder)
    assert snapshot.counters == {
        "websocket.messages_sent": 3,
        "websocket.messages_sent.ping": 2,
        "websocket.messages_sent.subscribe": 1,
        "websocket.replies": 3,
    }
    assert snapshot.histograms == {
        "websocket.response_time": Histogram.of([5 * MS, 7 * MS, 9 * MS]),
        "websocket.response_time.ping": Histogram.of([5 * MS, 7 * MS]),
        "websocket.response_time.subscribe": Histogram.of([9 * MS]),
        "websocket.service_time": Histogram.of([4 * MS, 6 * MS, 8 * MS]),
        "websocket.service_time.ping": Histogram.of([4 * MS, 6 * MS]),
        "websocket.service_time.subscribe": Histogram.of([8 * MS]),
    }


def test_nothing_is_told_twice_and_nothing_is_lost_between_two_takes() -> None:
    recorder = Recorder(ORIGIN)
    series, samples, counts = (
        recorder.series("ping"),
        recorder.samples("websocket.connect_time"),
        recorder.counts,
    )
    append_response, append_sample = series.response_ns.append, samples.append
    parts = []
    for round_number in range(1, 4):
        series.sent += 1
        append_response(round_number)
        series.service_ns.append(round_number)
        append_sample(round_number)
        counts["websocket.pushes"] += 1
        recorder.error("broken", f"round {round_number}")
        recorder.custom("rate", "orders", 2)
        parts.append(take(recorder))
    assert [part.counters for part in parts] == [parts[0].counters] * 3
    total = Snapshot.total(parts)
    assert total.histograms["websocket.response_time"] == Histogram.of([1, 2, 3])
    assert total.histograms["websocket.connect_time"] == Histogram.of([1, 2, 3])
    assert total.counters["websocket.messages_sent.ping"] == 3
    assert total.counters["errors.broken"] == 3
    assert total.rates == {"orders": 6}


def test_a_take_with_nothing_recorded_is_nearly_empty() -> None:
    recorder = Recorder(ORIGIN)
    recorder.series("ping")
    recorder.samples("websocket.connect_time")
    snapshot = take(recorder)
    parts = (snapshot.counters, snapshot.rates, snapshot.histograms, snapshot.flow, snapshot.errors)
    assert not any(parts)
    assert (snapshot.start_ns, snapshot.end_ns) == (0, 10**9)


def test_instants_become_offsets_from_the_origin() -> None:
    recorder = Recorder(ORIGIN)
    recorder.series("ping").first_sent_ns = ORIGIN + 5
    recorder.series("ping").last_reply_ns = ORIGIN + 9
    recorder.series("silent").first_sent_ns = ORIGIN
    assert take(recorder).flow == {"ping": Flow(5, 9), "silent": Flow(0, None)}
    assert take(recorder).flow == {}


def test_message_names_from_the_wire_are_bounded_and_made_safe() -> None:
    recorder = Recorder(ORIGIN)
    for number in range(500):
        recorder.series(f"evil.name {number}").sent += 1
    counters = take(recorder).counters
    assert len(counters) == 100
    assert counters["websocket.messages_sent.evil_name_0"] == 1
    assert counters["websocket.messages_sent.other"] == 401
    assert recorder.series("x" * 1000).name == "other"
    assert recorder.series("evil.name 3") is recorder.series("evil_name_3")


def test_errors_are_counted_with_the_first_reason_as_the_example() -> None:
    recorder = Recorder(ORIGIN)
    recorder.error("connect_refused", "first\nreason \x1b[31m")
    recorder.error("connect_refused", "second")
    snapshot = take(recorder)
    assert snapshot.errors == {"connect_refused": ErrorCount(2, "first reason  [31m")}
    assert snapshot.counters == {"errors.connect_refused": 2}


def test_the_traceback_of_a_mistake_is_made_once_and_is_in_one_snapshot() -> None:
    made: list[int] = []

    def trace() -> str:
        made.append(1)
        return "Traceback:\n\x1b[31m  File\nValueError: no\n"

    recorder = Recorder(ORIGIN)
    for _ in range(3):
        recorder.error("ValueError at my_scenario.py:12", "agent() raised ValueError: no", trace)
    first = take(recorder)
    recorder.error("ValueError at my_scenario.py:12", "agent() raised ValueError: no", trace)
    second = take(recorder)
    kept = "Traceback:\n [31m  File\nValueError: no"
    said = "agent() raised ValueError: no"
    assert first.errors == {"ValueError at my_scenario.py:12": ErrorCount(3, said, kept)}
    assert second.errors == {"ValueError at my_scenario.py:12": ErrorCount(1, said)}
    assert first.counters == {"errors.ValueError at my_scenario.py:12": 3}
    assert (first + second).errors["ValueError at my_scenario.py:12"].trace == kept
    assert len(made) == 1


def test_mistakes_and_their_tracebacks_are_bounded() -> None:
    recorder = Recorder(0)
    for number in range(300):
        recorder.error(f"ValueError at scenario.py:{number}", "x", lambda: "y\n" * 10_000)
    errors = recorder.take(0, 0, 1, {}, {}).errors
    assert len(errors) == 100
    assert errors["other"].count == 201
    assert max(len(error.trace) for error in errors.values()) <= 4000


def test_what_blocks_is_summed_up_for_each_place_and_begins_anew_with_each_snapshot() -> None:
    recorder = Recorder(0)
    recorder.blocked("f() (x.py:1)", 5)
    recorder.blocked("f() (x.py:1)", 7)
    recorder.blocked("g() (x.py:2)", 1)
    first = recorder.take(0, 0, 1, {}, {}).workers[0]
    assert first.blocked == {"f() (x.py:1)": Blocked(2, 12, 7), "g() (x.py:2)": Blocked(1, 1, 1)}
    assert recorder.take(0, 1, 2, {}, {}).workers[0].blocked == {}
    for number in range(1, 201):
        recorder.blocked(f"f() (x.py:{number})", 1)
    places = recorder.take(0, 2, 3, {}, {}).workers[0].blocked
    assert len(places) <= 50
    assert sum(blocked.count for blocked in places.values()) == 200


def test_kinds_and_reasons_of_errors_are_bounded() -> None:
    recorder = Recorder(ORIGIN)
    for number in range(300):
        recorder.error(f"kind {number}", "x" * 10_000)
    snapshot = take(recorder)
    assert len(snapshot.errors) == 100
    assert snapshot.errors["other"].count == 201
    assert max(len(error.example) for error in snapshot.errors.values()) == 500
    orjson.dumps(snapshot.to_dict())


def test_metrics_of_the_scripts_own_are_kept_apart_by_kind() -> None:
    recorder = Recorder(ORIGIN)
    recorder.custom("counter", "orders placed", 2)
    recorder.custom("counter", "orders placed", 1.0)
    recorder.custom("rate", "orders", 1)
    recorder.custom("histogram", "basket.size", 12.5)
    snapshot = take(recorder)
    assert snapshot.counters == {"orders placed": 3}
    assert snapshot.rates == {"orders": 1}
    assert snapshot.histograms == {"basket.size": Histogram.of([12_500_000])}


@pytest.mark.parametrize(
    ("kind", "name", "value", "said"),
    [
        ("counter", "a", math.nan, "from 0"),
        ("histogram", "a", math.inf, "from 0"),
        ("histogram", "a", -1, "from 0"),
        ("counter", "a", 10**400, "from 0"),
        ("counter", "a", "3", "takes a number"),
        ("counter", "a", None, "takes a number"),
        ("counter", "a", True, "takes a number"),
        ("counter", "a", 1.5, "whole"),
        ("rate", "a", 0.5, "whole"),
        ("gauge", "a", 1, "counter, a histogram or a rate"),
        ("counter", " ", 1, "needs a name"),
        ("counter", 7, 1, "needs a name"),
        ("counter", "vusers.created", 1, "of Wavetank itself"),
        ("histogram", "websocket.response_time.ping", 1, "of Wavetank itself"),
        ("rate", "websocket.send_rate", 1, "of Wavetank itself"),
    ],
)
def test_a_metric_that_cannot_be_taken_is_refused_with_a_sentence(
    kind: Any, name: Any, value: object, said: str
) -> None:
    recorder = Recorder(ORIGIN)
    with pytest.raises(ValueError, match=said):
        recorder.custom(kind, name, value)
    snapshot = take(recorder)
    assert snapshot.counters == snapshot.rates == snapshot.histograms == {}


def test_the_names_of_a_scripts_own_metrics_are_bounded() -> None:
    recorder = Recorder(ORIGIN)
    for number in range(1500):
        recorder.custom("counter", f"user-{number}", 1)
    counters = take(recorder).counters
    assert len(counters) == 1000
    assert counters["other"] == 501


def test_health_and_gauges_are_kept_by_worker() -> None:
    recorder = Recorder(ORIGIN)
    recorder.samples("generator.lateness").extend([10, 20])
    recorder.samples("generator.loop_lag").append(30)
    health = {"cpu_percent": 25.0, "rss_mb": 80.5, "odd": math.nan}
    snapshot = recorder.take(3, ORIGIN, ORIGIN + 10**9, {"vusers.active": 7}, health)
    part = snapshot.workers[3]
    assert part.cpu_ns == 250_000_000
    assert part.cpu_percent == 25.0
    assert part.highest == {"cpu_percent": 25.0, "rss_mb": 80.5}
    assert part.lateness == snapshot.histograms["generator.lateness"] == Histogram.of([10, 20])
    assert part.loop_lag == Histogram.of([30])
    assert snapshot.gauges == {"vusers.active": 7.0}


@given(st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=8))
def test_folding_early_and_often_changes_nothing_of_a_snapshot(stretches: list[tuple[int, bool]]) -> None:
    folding, plain = Recorder(0), Recorder(0)
    for number, (length, fold) in enumerate(stretches):
        for recorder in (folding, plain):
            series = recorder.series(f"name-{number % 2}")
            series.response_ns.extend(range(number, number + length))
            series.service_ns.extend(range(length))
            recorder.samples("generator.lateness").extend(range(length // 2))
        if fold:
            folding.fold()
    for _ in range(2):
        assert folding.take(0, 0, 10**9, {}, {}) == plain.take(0, 0, 10**9, {}, {})


def test_what_is_too_little_to_be_folded_is_left_to_the_cut() -> None:
    recorder = Recorder(0)
    values = recorder.samples("histogram")
    assert not recorder.fold()
    values.extend(range(999))
    assert not recorder.fold()
    values.append(999)
    assert recorder.fold()
    assert values == []


def test_folding_keeps_up_with_what_comes_in_and_sees_to_one_list_at_a_time() -> None:
    recorder = Recorder(0)
    lists = [recorder.samples(f"histogram-{number}") for number in range(3)]
    for _ in range(2000):
        for values in lists:
            values.extend(range(1000))
        lengths = sorted(map(len, lists))
        assert recorder.fold()
        assert sorted(map(len, lists)) == [0, *lengths[:-1]]
    assert max(map(len, lists)) <= 3 * 1000
    snapshot = recorder.take(0, 0, 10**9, {}, {})
    assert [histogram.count for histogram in snapshot.histograms.values()] == [2_000_000] * 3
