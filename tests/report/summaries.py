"""Runs with known figures, for the tests of the reports."""

from __future__ import annotations

from collections.abc import Iterable

from wavetank.errors import Where
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.stretches import summarise_stretches
from wavetank.metrics.summary import Summary, Trust, summarise
from wavetank.metrics.thresholds import Condition, Threshold
from wavetank.plan.measure import Measure, measured_part
from wavetank.plan.model import Plan, Scenario
from wavetank.plan.phases import Pause, Phase, Population, Rate
from wavetank.plan.steps import Connect, Expect, Loop, Send
from wavetank.plan.stretches import phase_stretches

MS = 1_000_000
SECOND = 10**9
WHERE = Where("script.yml", 3)


def a_plan(*phases: Phase, headline: str | None = None, name: str = "ymera") -> Plan:
    """Users who subscribe once, and talk to an agent in a loop; the hint is sent without expecting a reply."""
    ask = Send(where=WHERE, payload="{}", encoding="text", name="agent_message", expect=Expect())
    return Plan(
        name=name,
        target="ws://tester:hunter2@localhost:8000/ws",
        phases=phases or (Rate(name="Warm-up", duration_s=10, rate=5), Pause(name="Rest", duration_s=5)),
        scenarios=(
            Scenario(
                name="session",
                steps=(
                    Connect(where=WHERE),
                    Send(where=WHERE, payload="{}", encoding="text", name="subscribe", expect=Expect()),
                    Loop(where=WHERE, count=2, steps=(ask,)),
                    Send(where=WHERE, payload="{}", encoding="text", name="hint"),
                ),
            ),
        ),
        headline=headline,
        seed=7,
    )


def a_population() -> Population:
    return Population(name="Steady", duration_s=10, start_users=10, end_users=30)


def a_snapshot(start_s: float = 0, end_s: float = 10, worker: int = 0) -> Snapshot:
    """1000 connects (2 failed), 998 subscriptions in 1 ms each, 100 agent messages, 98 of them answered."""
    recorder = Recorder(0)
    counts = recorder.counts
    counts.update({"vusers.created": 1000, "vusers.completed": 990, "vusers.failed": 8, "vusers.interrupted": 2})
    counts.update({"websocket.connects": 1000, "websocket.connect_failed": 2})
    counts.update({"websocket.messages_sent": 1108, "websocket.messages_received": 1116, "websocket.pushes": 20})
    counts.update({"websocket.bytes_sent": 123_456, "websocket.bytes_received": 7_890_000})
    counts.update({"websocket.replies_lost": 2, "websocket.closed.1000": 990, "websocket.closed.1006": 3})
    counts.update({"websocket.closed_unexpected": 3, "websocket.closed_unexpected.1006": 3})
    counts.update({"websocket.close_reason.going away": 2})
    recorder.samples("websocket.lifetime").extend([1400 * MS] * 993)
    subscribe = recorder.series("subscribe")
    subscribe.sent = 998
    subscribe.response_ns.extend([MS] * 998)
    subscribe.service_ns.extend([MS] * 998)
    ask = recorder.series("agent_message")
    ask.sent = 100
    ask.response_ns.extend([10 * MS] * 93 + [25 * MS] * 3 + [45 * MS] * 2)
    ask.service_ns.extend([9 * MS] * 98)
    start_ns, end_ns = round(start_s * SECOND), round(end_s * SECOND)
    ask.first_sent_ns, ask.last_reply_ns = start_ns + SECOND // 2, start_ns + SECOND // 2 + SECOND // 4
    hint = recorder.series("hint")
    hint.sent = 10
    recorder.samples("websocket.connect_time").extend([2 * MS] * 998)
    recorder.samples("vusers.session_length").extend([1500 * MS] * 990)
    recorder.samples("generator.lateness").append(MS // 2)
    recorder.error("connect_timeout", "127.0.0.1:8000 did not accept within 10 s")
    recorder.error("connect_timeout", "127.0.0.1:8000 did not accept within 10 s")
    recorder.error("http_403", "127.0.0.1:8000 answered the upgrade with 403 Forbidden")
    recorder.custom("counter", "orders placed", 12)
    return recorder.take(
        worker,
        start_ns,
        end_ns,
        {"vusers.active": 50, "websocket.open": 49},
        {"cpu_percent": 34.0, "rss_mb": 120.0},
    )


def a_measured_summary(*, aborted: str = "") -> Summary:
    """A run of 25 s, in which a_snapshot happens in each of two phases and after them; the second is measured."""
    phases = (Rate(name="Warm-up", duration_s=10, rate=100), Rate(name="Steady", duration_s=10, rate=100))
    timeline = [a_snapshot(0, 10), a_snapshot(10, 20), a_snapshot(20, 25)]
    return summarise(
        timeline[1],
        started_at="2026-01-02T03:04:05Z",
        complete=not aborted,
        headline="agent_message",
        phases=summarise_stretches(timeline, phase_stretches(phases), "agent_message"),
        measured=measured_part(Measure(phases=("Steady",)), phases),
        whole=a_summary(Snapshot.total(timeline)),
        aborted=aborted,
    )


def a_summary(
    total: Snapshot | None = None,
    *,
    headline: str | None = "agent_message",
    thresholds: Iterable[Threshold] = (),
    conditions: Iterable[Condition] = (),
    complete: bool = True,
    trust: Trust | None = None,
) -> Summary:
    return summarise(
        a_snapshot() if total is None else total,
        started_at="2026-01-02T03:04:05Z",
        complete=complete,
        headline=headline,
        thresholds=thresholds,
        conditions=conditions,
        trust=trust,
    )
