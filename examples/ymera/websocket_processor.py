"""The functions that artillery_websocket.yml calls by name.

`context.vars` are the variables of one user; `events.emit` adds to the run's metrics, times in milliseconds.
Every process of the load generator runs this file for itself, and so keeps the latencies of its own users.
"""

import math
import os
import random
import sys
import time
from collections import Counter
from typing import Any

PRINT_EVERY_S = 5.0
"""So that thousands of users who end at once do not print thousands of lines."""

_GROWTH = 1.01
"""A latency is kept as the power of this that it is nearest to: within half a percent, in little memory."""


class Latencies:
    """The latencies (milliseconds) that this process has measured."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self._powers: Counter[int] = Counter()

    def add(self, latency: float) -> None:
        self.count += 1
        self.total += latency
        self._powers[round(math.log(max(latency, 0.001), _GROWTH))] += 1

    def percentile(self, percent: float) -> float:
        """The latency that so many percent of the messages did not exceed."""
        wanted = math.ceil(self.count * percent / 100)
        for power in sorted(self._powers):
            wanted -= self._powers[power]
            if wanted <= 0:
                return float(_GROWTH**power)
        return math.nan

    def __str__(self) -> str:
        if not self.count:
            return "no agent message has been answered yet"
        figures = ", ".join(f"P{percent} {self.percentile(percent):.2f} ms" for percent in (50, 95, 99))
        return f"{self.count} agent messages, average {self.total / self.count:.2f} ms, {figures}"


class Sessions:
    """How many users are under way in this process, and when their figures were printed last."""

    under_way = 0
    printed_at = -math.inf


_latencies = Latencies()
_sessions = Sessions()


def generateUserId(context: Any, events: Any) -> None:
    """Who the user is, and which agent the user talks to."""
    _sessions.under_way += 1
    context.vars["userId"] = f"user_{random.randint(0, 999_999)}"
    context.vars["agentId"] = f"agent_{random.randint(0, 9_999)}"


def sendAgentMessage(context: Any, events: Any) -> None:
    """Puts the next message to the agent together; the step after this sends it and expects its reply."""
    context.vars["agentMessage"] = {
        "type": "agent_message",
        "from": context.vars["userId"],
        "to": context.vars["agentId"],
        "payload": {
            "action": random.choice(("execute", "status")),
            "timestamp": time.time_ns() // 1_000_000,
            "data": {},
        },
    }
    context.vars["agentMessageAt"] = time.perf_counter()


def measureLatency(context: Any, events: Any) -> None:
    """Takes the latency of the message just answered, from the monotonic clock.

    The timestamp in the reply, which the platform passes through, says whether it answers this very message.
    """
    latency = (time.perf_counter() - context.vars["agentMessageAt"]) * 1000
    if context.vars["agentTimestamp"] != context.vars["agentMessage"]["payload"]["timestamp"]:
        events.emit("counter", "ymera.agent_replies_mixed_up", 1)
        return
    _latencies.add(latency)
    events.emit("histogram", "ymera.agent_latency", latency)


def printStats(context: Any, events: Any) -> None:
    """At the end of a session, now and then: the latencies of this process so far; at last, all of them."""
    _sessions.under_way -= 1
    now = time.perf_counter()
    if _sessions.under_way > 0 and now < _sessions.printed_at + PRINT_EVERY_S:
        return
    _sessions.printed_at = now
    sys.stderr.write(f"process {os.getpid()}: {_latencies}\n")
