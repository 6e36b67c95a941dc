"""One small session against servers that are not ours, with and without compression."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.command import CommandLine
from tests.system.scripts import script
from tests.system.servers.echo import KINDS
from tests.system.servers.raw import RawServer
from tests.system.servers.relay import Heard, relay

USERS = 2
LARGE = {"type": "large", "data": "wave tank " * 20_000 + "."}
_LARGE_BYTES = len(json.dumps(LARGE, separators=(",", ":")))
_SUBSCRIBE = '{"type":"subscribe","channel":"agents"}'
_BINARY = b'{"type":"binary"}'
SENT_BYTES = len(_SUBSCRIBE) + 2 * _LARGE_BYTES + len(_BINARY)

STEPS = (
    "- send: {payload: {type: subscribe, channel: agents}, match: [{json: $.type, value: subscribed}, "
    "{json: $.channel, value: agents}]}",
    "- loop:",
    "    - send: {payload: {type: large, data: '{{ data }}'}, match: {json: $.type, value: large}}",
    "  count: 2",
    "- send: {name: binary, binary: eyJ0eXBlIjoiYmluYXJ5In0=, match: {json: $.type, value: binary}}",
    "- ping",
    "- close: {code: 4100, reason: enough of it}",
)

OFFERS = {
    "plain": "false",
    "takeover": "true",
    "no takeover": "{clientNoContextTakeover: true, serverNoContextTakeover: true}",
    "small windows": "{clientMaxWindowBits: 10, serverMaxWindowBits: 10}",
    "threshold": "{threshold: 1024}",
}


class EchoServer:
    """A server of another library in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._output = process.stdout
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="echo server", daemon=True).start()
        self.port = int(self.line())

    def line(self) -> str:
        """The next line that it prints."""
        return self._lines.get(timeout=20)

    def _read(self) -> None:
        for line in self._output:
            self._lines.put(line)


@pytest.fixture(scope="module", params=[(kind, mode) for kind in KINDS for mode in ("deflate", "plain")], ids="-".join)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[EchoServer, bool]]:
    """A server, and whether it agrees to compression."""
    kind, mode = request.param
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.system.servers.echo", kind, mode],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield EchoServer(process), mode == "deflate"
        finally:
            process.kill()


@pytest.mark.parametrize("offer", OFFERS)
def test_a_session_with_a_foreign_server_is_exact(
    offer: str, server: tuple[EchoServer, bool], wavetank: CommandLine
) -> None:
    echo, deflates = server
    config = f"ws: {{perMessageDeflate: {OFFERS[offer]}}}\nvariables: {{data: {LARGE['data']}}}"
    wire: list[Heard] = []

    with RawServer(relay(echo.port, wire)) as ears:
        outcome = wavetank.run(script(*STEPS, config=config, users=USERS), ears.url)

    assert outcome.code == 0, outcome.examples
    counters = outcome.counters
    assert counters["vusers.completed"] == counters["websocket.connects"] == USERS
    assert counters["websocket.messages_sent"] == counters["websocket.messages_received"] == 4 * USERS
    assert counters["websocket.requests"] == counters["websocket.replies"] == 5 * USERS
    # aiohttp and some of uvicorn answer a close with a code of their own.
    assert sum(counters.get(f"websocket.closed.{code}", 0) for code in (4100, 1000)) == USERS, counters
    assert counters["websocket.bytes_sent"] == SENT_BYTES * USERS
    assert not {"websocket.pushes", "websocket.replies_lost"} & counters.keys()
    for name, count in (("subscribe", 1), ("large", 2), ("binary", 1)):
        assert counters[f"websocket.messages_sent.{name}"] == count * USERS
        assert outcome.summary["histograms"][f"websocket.response_time.{name}"]["count"] == count * USERS

    for _ in range(USERS):
        seen = json.loads(echo.line())
        assert seen.pop("reason") in ("enough of it", None)  # some do not tell their application
        assert seen == {"texts": 3, "binaries": 1, "bytes": SENT_BYTES, "code": 4100}
    compressed = deflates and offer != "plain"
    assert [bool(heard.extensions) for heard in wire] == [compressed] * USERS
    for heard in wire:
        assert ("permessage-deflate" in heard.offered) == (offer != "plain")
        check_wire(heard, offer, compressed=compressed)


def check_wire(heard: Heard, offer: str, *, compressed: bool) -> None:
    if not compressed:
        assert heard.to_server > SENT_BYTES
        assert heard.to_client > SENT_BYTES
        return
    assert heard.extensions.startswith("permessage-deflate")
    assert heard.to_server < SENT_BYTES / 20
    assert heard.to_client < SENT_BYTES / 20
    if offer == "no takeover":
        assert "server_no_context_takeover" in heard.extensions
    if offer == "small windows":
        assert "server_max_window_bits=10" in heard.extensions.replace(" ", "")
