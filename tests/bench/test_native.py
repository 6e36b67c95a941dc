"""The server and the client in C: what they say is the protocol, and their counts are exact."""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
import trustme
from bench.performance.counters import Counters, read_counters
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK
from websockets.sync.client import connect

from tests.bench.native import built, needs_compiler, server
from wavetank.target.platform import Platform

pytestmark = needs_compiler

_AGENT = {
    "type": "agent_message",
    "from": "user_1",
    "to": "agent_2",
    "payload": {"action": "execute", "timestamp": 1234567890123, "data": {"deep": [1, {"a": "]}"}, None]}},
}
MESSAGES = [
    '{"type":"ping"}',
    ' { "n" : -1.5e3 , "type" : "ping" } ',
    '{"type":"subscribe","channel":"agents"}',
    '{"channel":"with \\"quotes\\", {braces} and ü","type":"subscribe"}',
    '{"type":"unsubscribe","channel":"agents"}',
    json.dumps(_AGENT),
    json.dumps(_AGENT | {"payload": {"action": "status", "timestamp": 1.5}}),
    "{}",
    '{"type":"unheard of","data":[1,2,{"type":"ping"}]}',
    '{"type":7}',
    '{"a":{"type":"ping"}}',
    json.dumps({"type": "long", "text": "x" * 70_000}),
    '{"type":"disconnect"}',
]
REFUSED = [
    "no JSON",
    "[1]",
    '"type"',
    '{"type":"ping"',
    '{"type":"ping"}}',
    '{"type":"subscribe"}',
    '{"type":"subscribe","channel":1}',
    json.dumps(_AGENT | {"payload": 1}),
    json.dumps(_AGENT | {"payload": {"action": "unknown", "timestamp": 1}}),
    json.dumps(_AGENT | {"payload": {"action": "status", "timestamp": "now"}}),
    json.dumps(_AGENT | {"from": 1}),
]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("native"))


def answers_of_the_platform(messages: list[str]) -> list[object]:
    sent: list[bytes] = []
    session = Platform().connect(sent.append)
    for message in messages:
        session.receive(message)
    return [json.loads(message) for message in sent]


def test_it_answers_what_the_platform_answers(programs: Path) -> None:
    with server(programs) as (_, port), connect(f"ws://127.0.0.1:{port}/ws", compression=None) as socket:
        found = []
        for message in MESSAGES:
            socket.send(message)
            found.append(json.loads(socket.recv(10)))
        assert found == answers_of_the_platform(MESSAGES)
        with pytest.raises(ConnectionClosedOK) as closed:
            socket.recv(10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000


@pytest.mark.parametrize("message", REFUSED)
def test_what_the_platform_refuses_is_refused_and_the_connection_stays(programs: Path, message: str) -> None:
    (expected,) = answers_of_the_platform([message])
    assert isinstance(expected, dict)
    with server(programs) as (_, port), connect(f"ws://127.0.0.1:{port}/ws") as socket:
        socket.send(message)
        assert json.loads(socket.recv(10))["type"] == expected["type"] == "error"
        socket.send('{"type":"ping"}')
        assert json.loads(socket.recv(10)) == {"type": "pong"}


def test_messages_come_back_whole_however_they_were_cut(programs: Path) -> None:
    with server(programs, "--echo") as (_, port), connect(f"ws://127.0.0.1:{port}/", compression=None) as socket:
        socket.send(["a", "", "b" * 70_000, "c"])
        assert socket.recv(10) == "a" + "b" * 70_000 + "c"
        socket.send(b"\x00\xff" * 300_000)
        assert socket.recv(10) == b"\x00\xff" * 300_000
        assert socket.ping("still there?").wait(10)


def test_a_client_that_does_not_read_for_a_while_gets_everything(programs: Path) -> None:
    message = "x" * 200_000
    with (
        server(programs, "--echo") as (_, port),
        connect(f"ws://127.0.0.1:{port}/", compression=None, max_queue=None) as socket,
    ):
        for _ in range(30):
            socket.send(message)
        assert all(socket.recv(10) == message for _ in range(30))


def test_too_long_a_message_is_refused(programs: Path) -> None:
    with server(programs, "--echo") as (_, port), connect(f"ws://127.0.0.1:{port}/", compression=None) as socket:
        with suppress(ConnectionClosed):  # the server may close before all of it is sent
            socket.send("x" * (2 << 20))
        with pytest.raises(ConnectionClosed):
            socket.recv(10)


def test_deflated_messages_are_understood(programs: Path) -> None:
    with server(programs, "--deflate") as (_, port), connect(f"ws://127.0.0.1:{port}/ws") as socket:
        assert "permessage-deflate" in str(socket.response and socket.response.headers["Sec-WebSocket-Extensions"])
        for message in MESSAGES[:-1]:
            socket.send(message)
        found = [json.loads(socket.recv(10)) for _ in MESSAGES[:-1]]
    assert found == answers_of_the_platform(MESSAGES[:-1])


def test_tls_carries_both_programs(programs: Path, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with server(programs, "--echo", "--cert", str(certificate), "--key", str(key)) as (_, port):
        with connect(f"wss://127.0.0.1:{port}/", ssl=context) as socket:
            socket.send("x" * 100_000)
            assert socket.recv(10) == "x" * 100_000
        assert report(programs, port, "--connections", "20", "--messages", "50", "--tls")["round_trips"] == 1000


@pytest.mark.parametrize("deflate", [(), ("--deflate",)])
def test_server_and_client_count_the_same(programs: Path, tmp_path: Path, deflate: tuple[str, ...]) -> None:
    counters = tmp_path / "counters"
    with server(programs, "--workers", "3", "--counters", str(counters), *deflate) as (process, port):
        found = report(programs, port, "--connections", "60", "--workers", "2", "--messages", "100", *deflate)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
            assert json.load(answer) == {"status": "healthy", "websocket_connections": 0}
        kept = read_counters(counters)
        process.terminate()
        assert process.stdout is not None
        last = json.loads(process.stdout.readline())
    assert (found["opened"], found["failed"], found["sent"], found["round_trips"]) == (60, 0, 6000, 6000)
    assert kept == Counters(accepted=61, upgraded=60, closed=60, received=6000, sent=6000, refused=0)
    assert {name: last[name] for name in ("upgraded", "closed", "sent")} == {"upgraded": 60, "closed": 60, "sent": 6000}


def test_a_paced_client_sends_as_often_as_it_is_told(programs: Path) -> None:
    with server(programs) as (_, port):
        found = report(programs, port, "--connections", "50", "--every", "100", "--seconds", "1")
    # 50 connections, ten times in a second each; one that still waits for its reply is left out, and that is counted.
    assert found["sent"] + found["skipped"] == 500
    assert found["round_trips"] == found["sent"] > 0


def test_the_server_ends_when_it_is_told_to(programs: Path) -> None:
    with server(programs, "--workers", "2") as (process, _):
        process.terminate()
        assert process.wait(10) == 0


def report(programs: Path, port: int, *options: str) -> dict[str, int]:
    command = [str(programs / "client"), "--port", str(port), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    found: dict[str, int] = json.loads(done.stdout)
    return found
