"""Pushes as one worker measures them: subscribers apart, channels apart, by one clock or by two."""

from __future__ import annotations

from time import perf_counter_ns, time_ns
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.engine.clock.wallclock import WallClock
from wavetank.engine.user import pushes
from wavetank.engine.user.pushes import PushMeter, Subscriber
from wavetank.metrics.clock import ClockOffset
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.pushes import PushRules
from wavetank.plan.steps import JsonSelector, Match

MS = 10**6


class Meter:
    """A meter on a worker's clock that the test reads itself: `at` and `made` are ms of it."""

    def __init__(self, **fields: Any) -> None:
        matches = (Match(selector=JsonSelector(path="$.type"), value="event"),)
        rules = PushRules(
            **{"matches": matches, "timestamp": "$.at", "sequence": "$.seq", "channel": "$.channel"} | fields
        )
        self.recorder = Recorder(0)
        self.clock = WallClock()
        self.meter = PushMeter(rules, self.recorder, self.clock)

    def subscriber(self) -> Subscriber:
        return self.meter.subscriber()

    def wall_ms(self, instant_ms: float) -> float:
        return self.clock.at(round(instant_ms * MS)) / MS

    def push(self, to: Subscriber, seq: object, channel: object = "a", *, made: float = 1000, at: float = 1010) -> None:
        message = {"type": "event", "seq": seq, "channel": channel, "at": self.wall_ms(made)}
        to.receive(orjson.dumps(message), round(at * MS))

    def taken(self) -> Snapshot:
        return self.recorder.take(0, 0, 1, {}, {})

    def counts(self) -> dict[str, int]:
        return {name.removeprefix("push."): count for name, count in self.taken().counters.items() if count}


def test_each_subscriber_and_each_channel_has_its_own_count() -> None:
    meter = Meter()
    one, other = meter.subscriber(), meter.subscriber()
    for sequence in (1, 2, 4):
        meter.push(one, sequence)
    for sequence in (4, 4):
        meter.push(other, sequence)
    for sequence in (9, 11, 10):
        meter.push(one, sequence, "b")

    assert meter.counts() == {"received": 8, "lost": 1, "duplicated": 1, "out_of_order": 1}


def test_a_number_that_comes_after_all_is_taken_off_again_in_a_later_interval() -> None:
    meter = Meter()
    subscriber = meter.subscriber()
    meter.push(subscriber, 1)
    meter.push(subscriber, 4)
    first = meter.taken()
    meter.push(subscriber, 3)
    second = Snapshot.from_dict(orjson.loads(orjson.dumps(meter.taken().to_dict(), option=orjson.OPT_SERIALIZE_NUMPY)))

    assert first.counters["push.lost"] == 2
    assert second.counters["push.lost"] == -1
    assert (first + second).counters["push.lost"] == 1


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 12)), max_size=60), st.integers(0, 59))
def test_intervals_add_up_to_the_same_whatever_their_bounds(deliveries: list[tuple[str, int]], cut: int) -> None:
    whole, parts = Meter(), Meter()
    for subscriber, meter in ((whole.subscriber(), whole), (parts.subscriber(), parts)):
        taken = Snapshot()
        for place, (channel, sequence) in enumerate(deliveries):
            if meter is parts and place == cut:
                taken = meter.taken()
            meter.push(subscriber, sequence, channel)
        total = (taken + meter.taken()).counters
        if meter is whole:
            expected = total
    # A correction may leave a 0 behind where the other has none.
    assert {name: count for name, count in total.items() if count} == {
        name: count for name, count in expected.items() if count
    }


def test_push_time_is_from_the_timestamp_to_the_frame() -> None:
    meter = Meter()
    meter.push(meter.subscriber(), 1, made=1000, at=1012.5)

    [value] = meter.recorder.samples("websocket.push_time")
    assert value == pytest.approx(12.5 * MS, abs=500)  # milliseconds since 1970 have no more digits


def test_a_push_from_the_future_counts_as_none_and_is_told() -> None:
    meter = Meter()
    meter.push(meter.subscriber(), 1, made=1000, at=990)

    assert meter.recorder.samples("websocket.push_time") == [0]
    assert meter.counts() == {"received": 1, "before_sent": 1}


def test_the_servers_clock_is_learned_from_the_fastest_reply() -> None:
    meter = Meter(clock="server", server_time="$.now")
    subscriber = meter.subscriber()

    def reply(sent: float, received: float, server: float) -> None:
        message = orjson.dumps({"now": meter.wall_ms(server)})
        subscriber.compare_clocks(message, round(sent * MS), round(received * MS))

    meter.push(subscriber, 1, made=6000, at=1010)  # the server's clock is 5 s ahead, and nobody knows yet
    reply(1000, 1100, 6090)
    reply(1200, 1204, 6202)
    reply(1300, 1350, 6310)
    meter.push(subscriber, 2, made=6400, at=1430)

    offset = meter.recorder.clock_offset
    assert offset is not None
    assert offset.round_trip_ns == 4 * MS
    assert offset.offset_ns == pytest.approx(5000 * MS, abs=1000)
    assert meter.recorder.samples("websocket.push_time") == [0, 0]
    [corrected] = meter.recorder.samples("websocket.push_time.corrected")
    assert corrected == pytest.approx(30 * MS, abs=2000)
    assert meter.taken().workers[0].clock == offset


def test_a_reply_without_the_servers_time_teaches_nothing() -> None:
    meter = Meter(clock="server", server_time="$.now")
    meter.subscriber().compare_clocks(b'{"type":"pong"}', 0, 1)
    meter.subscriber().compare_clocks("no json", 0, 1)

    assert meter.recorder.clock_offset is None


def test_what_cannot_be_measured_is_counted_as_that() -> None:
    meter = Meter()
    subscriber = meter.subscriber()
    meter.push(subscriber, "x")
    meter.push(subscriber, 1, None)
    subscriber.receive("nothing of the kind", 0)

    assert meter.counts() == {"received": 2, "unmeasured": 2}


def test_a_message_that_the_jsonpath_library_breaks_at_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = Meter()

    def fail(_message: object) -> object:
        raise RecursionError

    monkeypatch.setattr(type(meter.meter.reader), "read", lambda _self, message: fail(message))
    meter.subscriber().receive("{}", 0)

    assert meter.counts() == {"unmeasured": 1}


def test_a_connection_follows_a_bounded_number_of_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushes, "CHANNELS", 2)
    meter = Meter()
    subscriber = meter.subscriber()
    for channel in ("a", "b", "c"):
        meter.push(subscriber, 1, channel)
        meter.push(subscriber, 3, channel)

    assert meter.counts() == {"received": 6, "lost": 2, "unmeasured": 2}


def test_the_wall_clock_is_the_machines_and_runs_with_the_monotonic_one() -> None:
    clock = WallClock()

    assert clock.at(perf_counter_ns()) == pytest.approx(time_ns(), abs=50 * MS)
    assert clock.at(1000) - clock.at(0) == 1000
    assert clock.now_ms() == pytest.approx(time_ns() / 1e6, abs=50)


def test_of_two_estimates_the_one_of_the_faster_exchange_counts_in_any_order() -> None:
    fast, slow = ClockOffset(2 * MS, 7), ClockOffset(3 * MS, 9)
    health = [_snapshot(fast), _snapshot(slow), _snapshot(None)]

    for order in (health, health[::-1]):
        assert Snapshot.total(order).workers[0].clock == fast
    for snapshot in health:
        line = orjson.dumps(snapshot.to_dict(), option=orjson.OPT_SERIALIZE_NUMPY)
        assert Snapshot.from_dict(orjson.loads(line)).workers[0].clock == snapshot.workers[0].clock


def _snapshot(offset: ClockOffset | None) -> Snapshot:
    recorder = Recorder(0)
    recorder.clock_offset = offset
    return recorder.take(0, 0, 1, {}, {})
