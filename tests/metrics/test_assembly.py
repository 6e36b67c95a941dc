from __future__ import annotations

from wavetank.metrics.histogram import Histogram
from wavetank.metrics.recorder import Recorder


def recorded() -> Recorder:
    """Three names of two thousand replies each, and lateness."""
    recorder = Recorder(0)
    for name in ("a", "b", "c"):
        series = recorder.series(name)
        series.response_ns.extend(range(2000))
        series.service_ns.extend(range(1000, 3000))
    recorder.samples("generator.lateness").extend(range(10))
    return recorder


def test_a_snapshot_made_in_steps_is_the_one_made_at_once() -> None:
    assembly, steps = recorded().cut(0, 0, 10**9, {}, {}), 0
    while not assembly.complete:
        assembly.step()
        steps += 1
    assert steps > 10, "it is made in many small pieces"
    assert assembly.finished() == recorded().take(0, 0, 10**9, {}, {})


def test_what_is_recorded_while_a_snapshot_is_made_is_of_the_next() -> None:
    recorder = recorded()
    assembly = recorder.cut(0, 0, 10**9, {}, {})
    assembly.step()
    recorder.series("a").response_ns.append(5)
    recorder.counts["websocket.pushes"] += 1
    recorder.fold()
    assert assembly.finished() == recorded().take(0, 0, 10**9, {}, {})
    following = recorder.take(0, 10**9, 2 * 10**9, {}, {})
    assert following.histograms["websocket.response_time"] == Histogram.of([5])
    assert following.counters == {"websocket.pushes": 1, "websocket.replies": 1}


def test_a_step_too_many_does_nothing() -> None:
    assembly = recorded().cut(0, 0, 10**9, {}, {})
    snapshot = assembly.finished()
    assembly.step()
    assert assembly.finished() is snapshot
    assert snapshot.counters["websocket.replies"] == 6000
