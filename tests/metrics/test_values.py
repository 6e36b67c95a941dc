from __future__ import annotations

import pytest

from wavetank.metrics import names
from wavetank.metrics.health import Health
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import Flow, Snapshot
from wavetank.metrics.values import Values

MS = 1_000_000
SECOND = 10**9

RUN = Snapshot(
    start_ns=0,
    end_ns=10 * SECOND,
    counters={
        "vusers.created": 50,
        "vusers.completed": 45,
        "vusers.failed": 5,
        "websocket.connects": 50,
        "websocket.connect_failed": 5,
        "websocket.messages_sent": 200,
        "websocket.messages_sent.agent_message": 160,
        "websocket.messages_received": 300,
        "websocket.replies_lost": 20,
        "errors.connect_refused": 5,
        "orders": 12,
    },
    rates={"checkouts": 30},
    histograms={
        "websocket.response_time": Histogram.of([part * MS for part in range(1, 181)]),
        "websocket.response_time.agent_message": Histogram.of([5 * MS] * 140),
        "websocket.response_time.subscribe": Histogram.of([5 * MS] * 40),
        "basket": Histogram.of([2 * MS]),
    },
    flow={
        "subscribe": Flow(1 * SECOND, 2 * SECOND),
        "agent_message": Flow(3 * SECOND, 5 * SECOND),
        "fire-and-forget": Flow(0, None),
    },
    workers={0: Health(gauges={"vusers.active": 3}), 1: Health(gauges={"vusers.active": 4})},
)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("vusers.created", 50),
        ("vusers.skipped", 0),
        ("websocket.closed.1006", 0),
        ("errors.connect_refused", 5),
        ("errors.whatever", 0),
        ("websocket.messages_sent.agent_message", 160),
        ("websocket.messages_sent.agent message", 160),
        ("websocket.messages_sent.never", 0),
        ("orders", 12),
        ("checkouts", 3),
        ("websocket.send_rate", 20),
        ("websocket.receive_rate", 30),
        ("vusers.arrival_rate", 5),
        ("websocket.connect_success", 90),
        ("error_rate", 10),
        ("vusers.error_rate", 10),
        ("vusers.active", 7),
        ("websocket.open", None),
        ("websocket.response_time.min", 1),
        ("websocket.response_time.max", 180),
        ("websocket.response_time.mean", 90.5),
        ("websocket.response_time.count", 180),
        ("websocket.response_time.agent message.p99.99", 5),
        ("websocket.response_time.agent_message.p999", 5),
        ("websocket.response_time.never.p95", None),
        ("websocket.response_time.never.count", 0),
        ("websocket.connect_time.p95", None),
        ("websocket.connect_time.count", 0),
        ("basket.max", 2),
        ("nobody.knows", None),
        ("nobody.knows.p95", None),
        ("websocket.response_time", None),
    ],
)
def test_every_name_resolves_to_its_figure(metric: str, value: float | None) -> None:
    assert Values(RUN).value(metric) == value


@pytest.mark.parametrize(("metric", "exact"), [("p50", 90), ("median", 90), ("p95", 171), ("p90", 162), ("p33.3", 60)])
def test_quantiles_are_within_a_thousandth(metric: str, exact: float) -> None:
    assert Values(RUN).value(f"websocket.response_time.{metric}") == pytest.approx(exact, rel=1e-3)


def test_throughput_counts_only_the_time_in_which_messages_flow() -> None:
    assert Values(RUN).value("websocket.throughput") == 180 / 4
    assert Values(RUN, "agent_message").value("websocket.throughput") == 140 / 2
    assert Values(RUN, "agent message").value("websocket.throughput") == 140 / 2
    assert Values(RUN, "never").value("websocket.throughput") is None
    assert Values(RUN, "fire-and-forget").value("websocket.throughput") is None


def test_a_gauge_is_its_peak_where_that_is_known() -> None:
    assert Values(RUN, peaks={"vusers.active": 40}).value("vusers.active") == 40


def test_of_nothing_there_are_counts_but_no_shares_and_rates() -> None:
    nothing = Values(Snapshot())
    assert all(nothing.value(counter) == 0 for counter in names.COUNTERS)
    assert all(nothing.value(metric) is None for metric in (*names.RATES, *names.GAUGES, *names.DERIVED))
