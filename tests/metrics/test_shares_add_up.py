"""The shares of n workers add up to exactly what a single worker measures: every count, every bucket, every phase."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.stretches import divide
from wavetank.metrics.values import Values
from wavetank.plan.arrivals import Share, arrivals
from wavetank.plan.cuts import boundaries, cuts
from wavetank.plan.measure import Measure, measured_part
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count, Pause, Phase, Ramp, Rate
from wavetank.plan.stretches import phase_stretches

SECOND = 10**9
ORIGIN_NS = 12_345
END_NS = 15 * SECOND
NAMES = ("subscribe", "agent_message", "ping")

durations = st.floats(0, 3) | st.integers(0, 3)
rates = st.floats(0, 30)
shapes = st.one_of(
    st.builds(Rate, name=st.just("rate"), duration_s=durations, rate=rates, poisson=st.booleans()),
    st.builds(Ramp, name=st.just("ramp"), duration_s=durations, start_rate=rates, end_rate=rates),
    st.builds(Count, name=st.just("count"), duration_s=durations, count=st.integers(0, 50)),
    st.builds(Pause, name=st.just("pause"), duration_s=durations),
)
plans = st.lists(shapes, max_size=4)
windows = st.tuples(st.floats(0, 8), st.floats(0.01, 8)).map(
    lambda pair: Measure(from_s=pair[0], to_s=pair[0] + pair[1])
)


@dataclass(frozen=True, order=True)
class Event:
    """One thing that a user does or meets with, at an offset from the run's start."""

    at_ns: int
    index: int
    kind: str
    name: str = ""
    value_ns: int = 0


def life_of(index: int, planned_ns: int) -> Iterator[Event]:
    """What happens to a user: the same whichever worker carries it."""
    chance = random.Random(index)
    yield Event(planned_ns, index, "arrived", value_ns=chance.randrange(10**6))
    at_ns = planned_ns
    for _ in range(chance.randrange(4)):
        name = chance.choice(NAMES)
        yield Event(at_ns, index, "sent", name)
        response_ns = round(10 ** chance.uniform(3, 10))
        at_ns += response_ns
        yield Event(at_ns, index, "replied", name, response_ns)
        yield Event(at_ns, index, "checked", f"{name} was fast", int(response_ns < 10**7))
    if chance.random() < 0.2:
        yield Event(at_ns, index, "failed", chance.choice(("reply_timeout", "connection_lost")))
    else:
        yield Event(at_ns, index, "completed")


def write(recorder: Recorder, event: Event) -> None:
    counts, instant = recorder.counts, ORIGIN_NS + event.at_ns
    if event.kind == "arrived":
        counts["vusers.created"] += 1
        recorder.samples("generator.lateness").append(event.value_ns)
    elif event.kind == "sent":
        series = recorder.series(event.name)
        series.sent += 1
        series.first_sent_ns = series.first_sent_ns or instant
        counts["websocket.messages_sent"] += 1
    elif event.kind == "replied":
        series = recorder.series(event.name)
        series.response_ns.append(event.value_ns)
        series.service_ns.append(event.value_ns // 2)
        series.last_reply_ns = instant
    elif event.kind == "checked":
        recorder.check(event.name, bool(event.value_ns))
    elif event.kind == "failed":
        counts["vusers.failed"] += 1
        recorder.error(event.name, f"user {event.index % 3}")
    else:
        counts["vusers.completed"] += 1


def timeline_of(plan: Plan, share: Share) -> list[Snapshot]:
    """The snapshots of one worker, each taken exactly at its cut."""
    events = sorted(
        event
        for arrival in arrivals(plan.phases, share, plan.seed)
        for event in life_of(arrival.index, arrival.planned_ns)
    )
    recorder, timeline, taken_ns, place = Recorder(ORIGIN_NS), [], 0, 0
    for cut_ns in cuts(boundaries(plan)):
        cut = min(cut_ns, END_NS)
        while place < len(events) and events[place].at_ns < cut:
            write(recorder, events[place])
            place += 1
        gauges = {"vusers.active": 0.0}
        timeline.append(recorder.take(share.index, ORIGIN_NS + taken_ns, ORIGIN_NS + cut, gauges, {}))
        taken_ns = cut
        if cut == END_NS:
            return timeline
    raise AssertionError("cuts never end")


def facts(total: Snapshot) -> dict[str, object]:
    """All that does not say how a single worker fared. Of errors the counts: one example is as good as another."""
    errors = {kind: error.count for kind, error in total.errors.items()}
    return {
        "from": total.start_ns,
        "to": total.end_ns,
        "counters": total.counters,
        "histograms": total.histograms,
        "errors": errors,
        "flow": total.flow,
    }


@given(plans, windows, st.integers(2, 5), st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_shares_of_any_number_of_workers_add_up_to_the_single_worker(
    phases: list[Phase], measure: Measure, workers: int, seed: int
) -> None:
    plan = Plan(name="p", target="ws://x", phases=tuple(phases), scenarios=(), measure=measure, seed=seed)
    single = timeline_of(plan, Share())
    shares = [snapshot for index in range(workers) for snapshot in timeline_of(plan, Share(index, workers))]
    # A snapshot goes over the wire before it is added.
    shares = [Snapshot.from_dict(orjson.loads(orjson.dumps(snapshot.to_dict()))) for snapshot in shares]
    random.Random(seed).shuffle(shares)

    whole, alone = Snapshot.total(shares), Snapshot.total(single)
    assert facts(whole) == facts(alone)

    stretches = phase_stretches(plan.phases)
    parts = divide(shares, stretches)
    assert [facts(part) for part in parts] == [facts(part) for part in divide(single, stretches)]
    assert facts(Snapshot.total(part for part in parts if part.end_ns)) == facts(whole)

    measured = measured_part(measure, phases)
    inside = Snapshot.total(snapshot for snapshot in shares if measured.holds(snapshot))
    alone_inside = Snapshot.total(snapshot for snapshot in single if measured.holds(snapshot))
    assert facts(inside) == facts(alone_inside)
    metrics = (
        "websocket.response_time.p99.9",
        "websocket.throughput",
        "vusers.error_rate",
        "vusers.arrival_rate",
        "checks.pass_rate",
        "checks.ping was fast.pass_rate",
    )
    for metric in metrics:
        figures = [Values(total, None, {}, measured.until(END_NS)).value(metric) for total in (inside, alone_inside)]
        assert figures[0] == figures[1]


@given(plans, windows, st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_a_window_and_a_phase_hold_exactly_the_replies_that_came_in_them(
    phases: list[Phase], measure: Measure, seed: int
) -> None:
    plan = Plan(name="p", target="ws://x", phases=tuple(phases), scenarios=(), measure=measure, seed=seed)
    timeline = timeline_of(plan, Share())
    came = [
        event.at_ns
        for arrival in arrivals(phases, seed=seed)
        for event in life_of(arrival.index, arrival.planned_ns)
        if event.kind == "replied" and event.at_ns < END_NS
    ]
    measured = measured_part(measure, phases)
    inside = Snapshot.total(snapshot for snapshot in timeline if measured.holds(snapshot))
    assert inside.counters.get("websocket.replies", 0) == sum(measured.stretches[0].holds(instant) for instant in came)
    stretches = phase_stretches(phases)
    for stretch, part in zip(stretches, divide(timeline, stretches), strict=True):
        assert part.counters.get("websocket.replies", 0) == sum(stretch.holds(instant) for instant in came)
