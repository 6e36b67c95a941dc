"""A run that is interrupted: it ends in good order, and says what was measured until then."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.command import COMMAND, Outcome, environment, read_summary
from tests.system.servers.raw import CLOSE, PONG_MESSAGE, Peer, RawServer, frame, text

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these signals to one process")

LONG = """\
config:
  target: ws://127.0.0.1:1
  phases: [{duration: 60, arrivalRate: 20}]
scenarios:
  - name: session
    flow:
      - connect: /ws
      - loop:
          - send: {name: ping, payload: {type: ping}, match: {json: $.type, value: pong}}
          - think: %s
        count: %d
"""
SHORT_SESSIONS = LONG % ("100ms", 5)
ENDLESS_SESSIONS = LONG % ("100ms", 100_000)


async def pong(peer: Peer) -> None:
    await peer.accept()
    while (received := await peer.frame()).opcode != CLOSE:
        await peer.send(text(PONG_MESSAGE))
    await peer.send(frame(CLOSE, received.payload))


class Run:
    """A run under way."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, server: RawServer) -> None:
        self.process = process
        self.folder = folder
        self._server = server

    def wait_for_users(self, count: int) -> None:
        """Until so many have connected; a run that ends before that fails the test."""
        until = time.monotonic() + 30
        while self._server.connections < count:
            assert self.process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)

    def interrupt(self, number: signal.Signals) -> float:
        """Send a signal; gives the instant."""
        self.process.send_signal(number)
        return time.monotonic()

    def outcome(self) -> Outcome:
        """How it ended."""
        stdout, stderr = self.process.communicate(timeout=40)
        outcome = Outcome(self.process.returncode, stdout, stderr, self.folder, None, read_summary(self.folder))
        outcome.check()
        return outcome


@contextmanager
def running(script: str, folder: Path) -> Iterator[Run]:
    path = folder / "long.yml"
    path.write_text(script, encoding="utf-8")
    output = folder / "run"
    with RawServer(pong) as server:
        process = subprocess.Popen(
            [*COMMAND, "run", str(path), "-t", server.url, "-o", str(output)],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield Run(process, output, server)
            finally:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_one_signal_lets_those_under_way_end_and_starts_nobody(number: signal.Signals, tmp_path: Path) -> None:
    with running(SHORT_SESSIONS, tmp_path) as run:
        run.wait_for_users(15)
        sent_at = run.interrupt(number)
        outcome = run.outcome()
        took_s = time.monotonic() - sent_at

    assert outcome.code == 130
    assert took_s < 5
    assert outcome.summary["complete"] is False
    counters = outcome.counters
    assert 15 <= counters["vusers.created"] <= 25
    assert counters["vusers.completed"] == counters["vusers.created"]
    assert counters["websocket.replies"] == 5 * counters["vusers.created"]
    assert "under way" in outcome.stderr
    lines = (outcome.folder / "timeline.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 2
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert "WEBSOCKET STRESS TEST RESULTS" in outcome.stdout


def test_a_second_signal_ends_everybody_at_once(tmp_path: Path) -> None:
    with running(ENDLESS_SESSIONS, tmp_path) as run:
        run.wait_for_users(10)
        run.interrupt(signal.SIGINT)
        assert run.process.stderr is not None
        assert any("Press Ctrl-C again" in line for line in run.process.stderr)
        assert run.process.poll() is None
        sent_at = run.interrupt(signal.SIGINT)
        outcome = run.outcome()
        took_s = time.monotonic() - sent_at

    assert outcome.code == 130
    assert took_s < 5
    assert outcome.summary["complete"] is False
    assert outcome.counters["vusers.interrupted"] == outcome.counters["vusers.created"] >= 10
    assert outcome.errors == {}
    assert outcome.counters["websocket.replies"] >= 10
    assert (outcome.folder / "timeline.jsonl").stat().st_size


def test_a_run_that_is_killed_leaves_the_seconds_until_then(tmp_path: Path) -> None:
    with running(SHORT_SESSIONS, tmp_path) as run:
        run.wait_for_users(30)
        run.process.kill()
        run.process.communicate(timeout=20)

    lines = (run.folder / "timeline.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 2
    assert not (run.folder / "summary.json").exists()
    assert (run.folder / "plan.json").exists()
