"""How long and how large each experiment is: in full, or quick to see that it works."""

from __future__ import annotations

from dataclasses import dataclass

from bench.peers.work import Work

_PAYLOAD_BYTES = 64
_HEAD, _TAIL = '{"type":"echo","text":"', '"}'
PAYLOAD = _HEAD + "x" * (_PAYLOAD_BYTES - len(_HEAD) - len(_TAIL)) + _TAIL
"""A message of 64 bytes, which the server sends back as it is."""

PERIOD_S = 4.0
"""The pause of a session between two messages."""

REST_S = 15.0
"""The pause where connections alone are measured: longer than it takes to open them."""

STEADY_RATE = 2500.0
"""Messages per second in the experiment in which only the number of connections changes."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Windows in seconds, sizes in connections."""

    rounds: int
    dense_s: float
    sparse_s: float
    many: int
    sizes: tuple[int, ...]

    def dense(self, *, workers: int = 1) -> Work:
        """100 connections for each worker, each with one message under way at any time."""
        return _work(100 * workers, self.dense_s, connect_s=1.0, workers=workers)

    def sparse(self, *, workers: int = 1) -> Work:
        """Many connections for each worker, each with a message every 4 s."""
        count = self.many * workers
        return _work(count, self.sparse_s, think_s=PERIOD_S, connect_s=max(5.0, count / 1000), workers=workers)

    def connections(self, *, workers: int = 1) -> Work:
        """Many connections for each worker, faster than a core can open them; each sends one message."""
        count = self.many * workers
        return _work(count, 1.0, think_s=REST_S, connect_s=max(1.0, count / 10_000), workers=workers)

    def handshakes(self) -> Work:
        """As many connections as can be opened while they rest, however much each costs: with TLS that is much."""
        count = self.many // 5
        return _work(count, 1.0, think_s=REST_S, connect_s=1.0)

    def steady(self, connections: int, *, workers: int) -> Work:
        """So many connections that send the same number of messages per second all together."""
        think_s = connections / STEADY_RATE
        connect_s = max(think_s, connections / 1000, 1.0)
        return _work(connections, self.sparse_s, think_s=think_s, connect_s=connect_s, workers=workers)


FULL = Lengths(rounds=5, dense_s=5.0, sparse_s=12.0, many=10_000, sizes=(100, 1_000, 10_000, 50_000))
QUICK = Lengths(rounds=1, dense_s=1.0, sparse_s=4.0, many=1_000, sizes=(100, 2_000))


def _work(connections: int, seconds: float, *, think_s: float = 0.0, connect_s: float = 1.0, workers: int = 1) -> Work:
    return Work(
        connections=connections,
        seconds=seconds,
        think_s=think_s,
        payload=PAYLOAD,
        reply_type="echo",
        connect_s=connect_s,
        workers=workers,
    )
