"""The server that keeps the truth, in its own process, with a client of another library."""

from __future__ import annotations

from time import perf_counter_ns

from bench.accuracy.running import running_server
from websockets.sync.client import connect


def test_a_client_never_sees_less_than_the_true_delay() -> None:
    seen = []
    with running_server("--delays", "constant") as server:
        with connect(server.url, compression=None, proxy=None) as client:
            for number in range(20):
                sent_at = perf_counter_ns()
                client.send(f"message {number}")
                assert client.recv() == f"message {number}"
                seen.append(perf_counter_ns() - sent_at)
        truth = server.truth()
    assert truth.frozen_ns == []
    assert all(5_000_000 <= true <= long for true, long in zip(truth.delays_ns, seen, strict=True))


def test_a_freezing_server_stands_still_for_as_long_as_it_was_told() -> None:
    with running_server("--freeze", "0.2", "--period", "0.4", "--first", "0.1") as server:
        with connect(server.url, compression=None, proxy=None) as client:
            began_at = perf_counter_ns()
            longest = 0
            while perf_counter_ns() - began_at < 400_000_000:
                sent_at = perf_counter_ns()
                client.send("x")
                client.recv()
                longest = max(longest, perf_counter_ns() - sent_at)
        truth = server.truth()
    begin, end = truth.frozen_ns[0]
    assert begin >= 100_000_000
    assert end - 100_000_000 >= 200_000_000
    assert longest >= 150_000_000
    assert max(truth.delays_ns) < 100_000_000  # a request that waits in the socket was not read yet
