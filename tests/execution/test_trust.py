from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wavetank.execution.trust import trust_in, warning_in
from wavetank.metrics.health import Blocked, Health
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import Snapshot

MS = 1_000_000
SECOND = 10**9

RECORDED = json.loads(Path(__file__).with_name("starved_runs.json").read_text(encoding="utf-8"))
"""Runs of bench/starved.py, which knows the truth: how often replies took so long, and looks stood still so long."""


def a_second(
    number: int,
    *,
    worker: int = 0,
    replies_ms: Iterable[float] = (20.0,) * 100,
    lag_ms: Iterable[float] = (0.1,) * 100,
    work: float = 0.0,
    cpu: float = 30.0,
    waited: float = 0.0,
    late_ms: float | None = None,
    length_ns: int = SECOND,
    metric: str = "websocket.response_time",
) -> Snapshot:
    """What a worker measured from second `number` on; `work` is the share of its lag in which it worked."""
    lags = [round(lag * MS) for lag in lag_ms]
    replies = Histogram.of([round(reply * MS) for reply in replies_ms])
    health = Health(
        at_ns=number * SECOND + length_ns,
        observed_ns=length_ns,
        cpu_ns=round(cpu / 100 * length_ns),
        waited_ns=round(waited / 100 * length_ns),
        loop_lag=Histogram.of(lags),
        stalls=Histogram.of([round(lag * (1 - work)) for lag in lags]),
        lateness=Histogram.of([] if late_ms is None else [round(late_ms * MS)] * 10),
    )
    return Snapshot(
        worker=worker,
        start_ns=number * SECOND,
        end_ns=number * SECOND + length_ns,
        histograms={metric: replies} if replies.count else {},
        workers={worker: health},
    )


def a_blocked_second(number: int, worker: int = 0) -> Snapshot:
    """A call of 200 ms: twenty looks were late, and so was every fifth reply."""
    lags = [*(200.0 - 10 * look for look in range(20)), *[0.1] * 80]
    return a_second(number, worker=worker, lag_ms=lags, replies_ms=[20.0 + lag for lag in lags], cpu=5)


def test_a_generator_that_keeps_up_is_trusted() -> None:
    assert trust_in(a_second(number) for number in range(20)).ok
    assert trust_in([]).ok
    assert trust_in([Snapshot()]).ok
    assert trust_in([a_second(0, replies_ms=())]).ok


def test_a_blocking_call_is_told_with_its_time_and_what_to_do() -> None:
    timeline = [a_second(number) for number in range(12)]
    timeline[3:6] = [a_blocked_second(number) for number in range(3, 6)]
    trust = trust_in(timeline)
    assert not trust.ok
    reason, effect = trust.reasons
    assert reason.startswith("worker 0 stood still for up to 200 ms at a time from 00:03 to 00:06, ")
    assert "let functions await instead" in reason
    assert effect.endswith("may be the generator's own")


def blocked_by(snapshot: Snapshot, place: str, count: int, longest_ms: float) -> Snapshot:
    """The same second, in which a function of the script stood still so often, for so long each time."""
    duration_ns = round(longest_ms * MS)
    for health in snapshot.workers.values():
        health.blocked[place] = Blocked(count, count * duration_ns, duration_ns)
    return snapshot


def test_a_function_that_blocks_is_named_with_its_place_how_long_and_what_to_do() -> None:
    timeline = [a_second(number) for number in range(12)]
    timeline[3:6] = [
        blocked_by(a_blocked_second(number), "block() (processor.py:17)", 1, 190) for number in range(3, 6)
    ]
    trust = trust_in(timeline)
    assert not trust.ok
    assert trust.reasons[0] == (
        "worker 0 was blocked by block() (processor.py:17) for 0.57 s in 3 standstills, the longest 0.19 s, from 00:03 "
        "to 00:06: no other user is served meanwhile; await instead of blocking, or move it to a thread "
        "(asyncio.to_thread)"
    )


def test_what_computes_for_long_is_named_too_and_a_thread_is_not_advised() -> None:
    lags = [*(80.0 - 10 * look for look in range(8)), *[0.1] * 92] * 2
    timeline = [
        blocked_by(
            a_second(number, lag_ms=lags, work=1.0, replies_ms=[20 + lag for lag in lags]), "burn() (x.py:3)", 1, 80
        )
        for number in range(20)
    ]
    reason = trust_in(timeline).reasons[0]
    assert reason.startswith("worker 0 was blocked by burn() (x.py:3) for 1.6 s in 20 standstills, the longest 0.08 s")
    assert reason.endswith("make it shorter, or use more workers")


def test_a_function_is_not_named_for_the_little_of_a_standstill_that_is_its_own() -> None:
    timeline = [blocked_by(a_blocked_second(number), "f() (x.py:1)", 1, 60) for number in range(5)]
    assert trust_in(timeline).reasons[0].startswith("worker 0 stood still for up to 200 ms")


def test_a_core_that_others_took_is_told_even_where_a_function_blocked() -> None:
    lags = [8.0] * 30 + [0.1] * 70
    late = [
        a_second(number, lag_ms=lags, replies_ms=[20 + lag for lag in lags], cpu=4, waited=43) for number in range(5)
    ]
    timeline = [blocked_by(snapshot, "f() (x.py:1)", 1, 60) for snapshot in late]
    assert "waited for its core 43 %" in trust_in(timeline).reasons[0]


def test_code_that_blocked_costs_no_trust_where_the_figures_hold_all_the_same() -> None:
    timeline = [a_second(number) for number in range(300)]
    timeline[200] = blocked_by(a_blocked_second(200), "f() (x.py:1)", 1, 190)
    assert trust_in(timeline).ok


def test_a_core_that_others_take_is_told() -> None:
    lags = [8.0] * 30 + [0.1] * 70
    trust = trust_in(
        a_second(number, lag_ms=lags, replies_ms=[20 + lag for lag in lags], cpu=4, waited=43) for number in range(61)
    )
    assert not trust.ok
    assert trust.reasons[0].startswith("worker 0 waited for its core 43 % of the time from 00:00 to 01:01, ")
    assert "something else runs on this machine" in trust.reasons[0]


def test_workers_that_take_the_cores_from_each_other_say_so_once_for_all() -> None:
    lags = [8.0] * 30 + [0.1] * 70
    timeline = [
        a_second(number, worker=worker, lag_ms=lags, replies_ms=[20 + lag for lag in lags], cpu=25, waited=43)
        for number in range(10)
        for worker in range(6)
    ]
    told, effect = trust_in(timeline).reasons
    assert told.startswith("worker 0, like 5 others, waited for its core 43 % of the time from 00:00 to 00:10, ")
    assert "6 workers used 1.5 cores together, and this machine had no more for them" in told
    assert "of the p99 of websocket.response_time, 28.0 ms, may be" in effect


def test_workers_that_something_else_keeps_from_their_cores_blame_it_once() -> None:
    lags = [8.0] * 30 + [0.1] * 70
    timeline = [
        a_second(number, worker=worker, lag_ms=lags, replies_ms=[20 + lag for lag in lags], cpu=10, waited=43)
        for number in range(10)
        for worker in range(2)
    ]
    told, _ = trust_in(timeline).reasons
    assert told.startswith("worker 0, like 1 other, waited for its core 43 % of the time from 00:00 to 00:10, ")
    assert "something else runs on this machine" in told


def test_a_worker_that_had_no_rest_is_told_even_where_its_loop_was_hardly_late() -> None:
    timeline = [a_second(number) for number in range(40)]
    timeline[12:31] = [a_second(number, replies_ms=[900.0] * 100, cpu=97, work=1.0) for number in range(12, 31)]
    trust = trust_in(timeline)
    assert trust.reasons[0] == (
        "worker 0 ran at 97 % of a core from 00:12 to 00:31: response times in that stretch include the generator; "
        "use more workers or fewer users per machine"
    )


def test_users_who_start_late_count_only_where_the_generator_had_no_rest() -> None:
    # A server that stands still makes every round of its users late, and that is its own doing.
    assert trust_in(a_second(number, late_ms=900, replies_ms=[900.0] * 100) for number in range(10)).ok
    trust = trust_in(a_second(number, late_ms=900, replies_ms=[900.0] * 100, cpu=99) for number in range(10))
    assert any("worker 0 started users and rounds up to 0.9 s late" in reason for reason in trust.reasons)
    fleet = trust_in(
        a_second(number, worker=worker, late_ms=900 + worker, replies_ms=[900.0] * 100, cpu=99)
        for number in range(10)
        for worker in range(3)
    )
    late = [reason for reason in fleet.reasons if "started users and rounds" in reason]
    assert [reason.partition(" up to ")[0] for reason in late] == ["worker 2, like 2 others, started users and rounds"]


def test_one_bad_second_of_a_long_run_is_forgiven_unless_it_moves_the_p99() -> None:
    timeline = [a_second(number) for number in range(300)]
    timeline[200] = a_blocked_second(200)
    assert trust_in(timeline).ok
    busy = [a_second(number, replies_ms=[20.0] * 10) for number in range(20)]
    busy[10] = a_blocked_second(10)
    assert not trust_in(busy).ok


def test_a_delay_that_is_small_beside_the_response_times_is_forgiven() -> None:
    lags = [8.0] * 30 + [0.1] * 70
    assert trust_in(a_second(number, lag_ms=lags, replies_ms=[900.0] * 100) for number in range(10)).ok


def test_a_fast_server_is_not_held_against_a_healthy_loop() -> None:
    assert trust_in(a_second(number, lag_ms=[0.3] * 100, replies_ms=[0.5] * 100) for number in range(10)).ok


def test_users_planned_for_one_instant_do_not_cost_a_short_run_its_trust() -> None:
    lags = [*(50.0 - 10 * look for look in range(5)), *[0.2] * 10]
    burst = a_second(0, lag_ms=lags, work=0.9, replies_ms=[3.0] * 90 + [30.0] * 10, cpu=95, length_ns=150 * MS)
    assert trust_in([burst]).ok


def test_a_short_run_that_stood_still_is_not_trusted() -> None:
    lags = [*(400.0 - 10 * look for look in range(40)), *[0.1] * 40]
    stuck = a_second(0, lag_ms=lags, replies_ms=[20 + lag for lag in lags], cpu=5, length_ns=800 * MS)
    assert not trust_in([stuck]).ok


def test_work_in_lumps_counts_once_it_is_more_than_a_burst() -> None:
    lags = [*(80.0 - 10 * look for look in range(8)), *[0.1] * 92] * 2
    timeline = [a_second(number, lag_ms=lags, work=1.0, replies_ms=[20 + lag for lag in lags]) for number in range(20)]
    assert trust_in(timeline[:2]).ok
    assert trust_in(timeline).reasons[0].startswith("worker 0 worked for up to 80 ms at a stretch from 00:00 to 00:20")


def test_a_run_without_replies_is_judged_by_its_connects() -> None:
    slow = [
        a_second(number, metric="websocket.connect_time", replies_ms=[500.0] * 9, cpu=60, waited=39)
        for number in range(5)
    ]
    assert "the p99 of websocket.connect_time" in trust_in(slow).reasons[1]


def test_each_worker_is_told_by_itself_and_far_stretches_apart() -> None:
    timeline = [a_second(number, worker=worker, replies_ms=[20.0] * 5) for number in range(30) for worker in range(3)]
    for number in (2, 3, 10, 20, 25, 28):
        timeline[3 * number + 2] = a_blocked_second(number, worker=2)
    told = [reason for reason in trust_in(timeline).reasons if reason.startswith("worker")]
    assert len(told) == 1
    assert (
        "worker 2 stood still for up to 200 ms at a time from 00:02 to 00:04, from 00:10 to 00:11, "
        "from 00:20 to 00:21 and in 2 more stretches" in told[0]
    )


def test_the_worker_that_was_late_by_most_speaks_for_all_that_had_the_same_trouble() -> None:
    timeline = [a_blocked_second(number, worker) for number in range(3) for worker in range(20)]
    timeline[7] = a_second(0, worker=7, lag_ms=[300.0] * 30, replies_ms=[320.0] * 100, cpu=5)
    told, _ = trust_in(timeline).reasons
    assert told.startswith("worker 7, like 19 others, stood still for up to 300 ms at a time from 00:00 to 00:03, ")


def test_functions_that_block_are_told_one_by_one_and_many_of_them_in_few_words() -> None:
    places = [f"f{number}() (x.py:{number})" for number in range(20)]
    timeline = [
        blocked_by(a_blocked_second(second, worker), places[worker % 2], 1, 190)
        for second in range(3)
        for worker in range(4)
    ]
    first, second, _ = trust_in(timeline).reasons
    assert first.startswith("worker 0, like 1 other, was blocked by f0() (x.py:0) for 0.57 s")
    assert second.startswith("worker 1, like 1 other, was blocked by f1() (x.py:1) for 0.57 s")
    timeline = [
        blocked_by(a_blocked_second(second, worker), place, 1, 190)
        for second in range(3)
        for worker, place in enumerate(places)
    ]
    *told, more, _ = trust_in(timeline).reasons
    assert len(told) == 8
    assert more == "and 12 more of the kind"


@settings(deadline=None)
@given(
    st.lists(st.booleans(), min_size=1, max_size=40),
    st.permutations(range(4)),
)
def test_reasons_name_bad_seconds_and_no_others(bad: list[bool], order: list[int]) -> None:
    timeline = [a_blocked_second(number) if is_bad else a_second(number) for number, is_bad in enumerate(bad)]
    trust = trust_in(timeline)
    assert trust == trust_in(snapshot for rest in order for snapshot in timeline[rest::4])
    if not any(bad):
        assert trust.ok
    if trust.ok:
        assert not trust.reasons
        return
    told = [(int(start), int(end)) for start, end in re.findall(r"from 00:(\d\d) to 00:(\d\d)", trust.reasons[0])]
    runs = [(found.start(), found.end()) for found in re.finditer("B+", "".join("gB"[each] for each in bad))]
    merged: list[tuple[int, int]] = []
    for start, end in runs:
        if merged and start - merged[-1][1] <= 1:  # a good second between two bad ones does not part them
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    assert told == merged[:3]


@settings(deadline=None)
@given(st.data())
def test_a_prompt_generator_is_never_distrusted_whatever_the_server_does(data: st.DataObject) -> None:
    replies = st.lists(st.floats(0.1, 10_000), max_size=30)
    late = st.none() | st.floats(0, 10_000)
    timeline = [a_second(number, replies_ms=data.draw(replies), late_ms=data.draw(late)) for number in range(5)]
    assert trust_in(timeline).ok


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        (a_second(0), ""),
        (a_second(0, replies_ms=()), ""),
        (a_blocked_second(0, worker=3), "worker 3 stood still for up to 200 ms: a call blocks it"),
        (
            blocked_by(a_blocked_second(0, worker=3), "block() (x.py:7)", 1, 190),
            "worker 3 was blocked by block() (x.py:7) for 0.19 s in 1 standstill",
        ),
        (a_second(0, cpu=97, work=1.0), "worker 0 is late by up to 0.1 ms, at 97 % of a core"),
        (a_second(0, cpu=50, waited=45, lag_ms=[30.0] * 100), "worker 0 waits for its core 45 % of the time"),
    ],
)
def test_a_warning_says_what_is_wrong_right_now(snapshot: Snapshot, words: str) -> None:
    assert warning_in(snapshot).startswith(words)
    assert bool(warning_in(snapshot)) == bool(words)


def a_recorded_run(run: dict[str, Any]) -> Snapshot:
    stalls = [stall for stall, count in run["stalls_ms"] for _ in range(count)]
    looks = [*stalls, *[0.01] * (run["looks"] - len(stalls))]
    replies = [reply for reply, count in run["replies_ms"] for _ in range(count)]
    return a_second(0, replies_ms=replies, lag_ms=looks, length_ns=len(looks) * 10 * MS)


@pytest.mark.parametrize("run", RECORDED, ids=lambda run: f"{run['kind']} {run['reported_p99_ms']} ms")
def test_a_recorded_run_is_judged_by_how_far_its_p99_was_really_moved(run: dict[str, Any]) -> None:
    moved_ms = run["reported_p99_ms"] - run["true_p99_ms"]
    trust = trust_in([a_recorded_run(run)])
    assert trust.ok == run["trusted"]
    if moved_ms > 0.1 * run["true_p99_ms"]:
        assert not trust.ok
    if moved_ms < 0.06 * run["true_p99_ms"]:
        assert trust.ok


def test_a_tenth_of_five_milliseconds_is_found_and_half_a_millisecond_of_a_fast_server_forgiven() -> None:
    def moved(server_ms: float) -> Snapshot:
        delays = [0.7] * 4 + [0.05] * 96
        return a_second(0, replies_ms=[server_ms + delay for delay in delays], lag_ms=delays, waited=2)

    assert not trust_in(moved(5.0) for _ in range(5)).ok
    assert trust_in(moved(1.0) for _ in range(5)).ok


def test_a_stall_is_named_by_its_cause_though_every_look_is_a_little_late() -> None:
    looks = [3.5] * 5 + [0.1] * 95
    timeline = [
        a_second(number, replies_ms=[5 + look for look in looks], lag_ms=looks, cpu=5, waited=3) for number in range(5)
    ]
    for snapshot in timeline:
        # The grid of the timers makes every look late by some hundredths of a millisecond, which is no stall.
        snapshot.workers[0].stalls = Histogram.of([3_400_000] * 5 + [0] * 95)
    assert trust_in(timeline).reasons[0].startswith("worker 0 waited for its core 3 % of the time")
    assert "`chrt -f 10`" in trust_in(timeline).reasons[0]


def test_real_time_priority_is_not_advised_to_a_worker_that_needs_its_core_all_the_time() -> None:
    busy = [a_second(number, lag_ms=[30.0] * 100, cpu=65, waited=30) for number in range(5)]
    assert "waited for its core 30 %" in trust_in(busy).reasons[0]
    assert "chrt" not in trust_in(busy).reasons[0]
