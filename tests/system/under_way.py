"""A run under way: to be interrupted, or to lose its workers."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system.command import COMMAND, Outcome, environment, read_summary
from tests.system.servers.raw import CLOSE, PONG_MESSAGE, Peer, RawServer, frame, text

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
def running(script: str, folder: Path, *options: str) -> Iterator[Run]:
    """`wavetank run` of the script, with these options, against a server that answers every message."""
    path = folder / "long.yml"
    path.write_text(script, encoding="utf-8")
    output = folder / "run"
    with RawServer(pong) as server:
        process = subprocess.Popen(
            [*COMMAND, "run", str(path), "-t", server.url, "-o", str(output), *options],
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
