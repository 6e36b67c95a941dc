"""The stress test of YMERA, which needs no script: many connections, then many messages on each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from wavetank.errors import Where
from wavetank.metrics.names import THROUGHPUT
from wavetank.metrics.targets import YMERA_TARGETS
from wavetank.metrics.thresholds import Threshold
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count, Pause, Phase
from wavetank.plan.scenario import Scenario
from wavetank.plan.steps import (
    Close,
    Connect,
    ConnectionOptions,
    Correlation,
    Expect,
    JsonSelector,
    Match,
    Pace,
    Rendezvous,
    Send,
    Settle,
    Step,
)
from wavetank.plan.urls import join_url

PRESETS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"quick": (100, 10), "medium": (500, 20), "heavy": (1000, 50)}
)
"""Connections, and messages on each of them."""

_BATCH = 100
_BATCH_INTERVAL_S = 0.1
_CONNECT_TIMEOUT_S = 10.0
_REPLY_TIMEOUT_S = 5.0
_HEADLINE = "agent_message"


def stress_plan(
    url: str,
    *,
    connections: int,
    messages: int,
    interval_s: float = 0.010,
    seed: int = 0,
) -> Plan:
    """Connections to `url` in batches of 100, 100 ms apart; when all are open, `messages` agent messages on each.

    Each connection sends every `interval_s` seconds, whatever the replies do; in the end it waits for those that are
    still under way, each for 5 s at most. YMERA's targets are the thresholds; that of throughput only if the plan
    asks for so much. Raises ValueError, with a sentence, for what no plan can be made of.
    """
    if connections < 1:
        raise ValueError(f"The number of connections is {connections}; it must be 1 or more.")
    if messages < 1:
        raise ValueError(f"The number of messages is {messages}; it must be 1 or more.")
    if not (math.isfinite(interval_s) and interval_s >= 0):
        raise ValueError(f"The interval is {interval_s} seconds; it must be finite, and 0 or more.")
    asked = connections / interval_s if interval_s > 0 else math.inf
    return Plan(
        name="stress",
        target=join_url(url, ""),
        phases=tuple(_batches(connections)),
        scenarios=(Scenario(name="stress", steps=_session(messages, interval_s)),),
        connection=ConnectionOptions(handshake_timeout_s=_CONNECT_TIMEOUT_S),
        reply_timeout_s=_REPLY_TIMEOUT_S,
        thresholds=tuple(_thresholds(asked)),
        headline=_HEADLINE,
        seed=seed,
    )


def _batches(connections: int) -> Iterator[Phase]:
    for first in range(0, connections, _BATCH):
        if first:
            yield Pause(name="Between batches", duration_s=_BATCH_INTERVAL_S)
        size = min(_BATCH, connections - first)
        yield Count(name=f"Connections {first + 1} to {first + size}", duration_s=0.0, count=size)


def _session(messages: int, interval_s: float) -> tuple[Step, ...]:
    where = Where("stress preset")
    agent_message = {
        "type": "agent_message",
        "from": "user_{{ $uuid }}",
        "to": "agent_{{ $randomNumber(0, 9999) }}",
        # The server gives the timestamp back and does nothing else with it. The number of the message stands here:
        # the reply is known by it, and response times are measured without it.
        "payload": {"action": "execute", "timestamp": "{{ $loopCount }}", "data": {}},
    }
    return (
        Connect(where=where),
        _send(where, "subscribe", {"type": "subscribe", "channel": "agents"}, "subscribed"),
        Rendezvous(where=where),
        Pace(
            where=where,
            steps=(
                Send(
                    where=where,
                    payload=agent_message,
                    encoding="json",
                    name=_HEADLINE,
                    correlation=Correlation(
                        sent="$.payload.timestamp", received="$.timestamp", timeout_s=_REPLY_TIMEOUT_S
                    ),
                ),
            ),
            count=messages,
            interval_s=interval_s,
        ),
        Settle(where=where),
        _send(where, "disconnect", {"type": "disconnect"}, "disconnect_ack"),
        Close(where=where),
    )


def _send(where: Where, name: str, payload: Mapping[str, object], answer: str) -> Send:
    """A message, and the type of the one that answers it."""
    expect = Expect(matches=(Match(selector=JsonSelector(path="$.type"), value=answer),), timeout_s=_REPLY_TIMEOUT_S)
    return Send(where=where, payload=payload, encoding="json", name=name, expect=expect)


def _thresholds(asked: float) -> Iterator[Threshold]:
    """YMERA's targets; that of throughput is settled here, where it is known how many messages a second are asked."""
    for threshold in YMERA_TARGETS:
        if threshold.metric != THROUGHPUT:
            yield threshold
        elif asked >= threshold.target.value:
            yield replace(threshold, only_if_planned=False)
