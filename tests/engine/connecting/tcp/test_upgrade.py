"""The upgrade over a real socket, whatever a server makes of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.system.servers.raw import Peer, RawServer, frame
from wavetank.engine.clock.timers import Timers
from wavetank.engine.connecting.connector import Connector
from wavetank.engine.worker.loop import new_event_loop
from wavetank.errors import UserFailure
from wavetank.plan.steps import ConnectionOptions

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="straight connections are Linux's")


def connect(url: str, headers: Mapping[str, str] | None = None, **wanted: Any) -> str | None:
    """Connects and leaves; gives the kind and the sentence of the failure, if it is one."""

    async def main() -> str | None:
        loop = asyncio.get_running_loop()
        timers = Timers(loop)
        connector = Connector(loop, timers)
        options = ConnectionOptions(**wanted)
        try:
            connection, times = await asyncio.wait_for(connector.connect(url, options, headers or {}), 20)
        except UserFailure as failure:
            return f"{failure.kind}: {failure.reason}"
        else:
            assert times.tcp > 0
            assert times.upgrade > 0
            connection.abort()
            return None
        finally:
            connector.close()
            timers.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main())


def answering(change: Callable[[bytes], bytes]) -> RawServer:
    """A server whose answer to the upgrade is the right one, changed."""

    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(change(peer.upgrade()))
        await peer.end()

    return RawServer(handle)


def test_an_answer_may_come_byte_by_byte() -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        for byte in peer.upgrade():
            await peer.send(bytes([byte]))
        await peer.end()

    with RawServer(handle) as server:
        assert connect(server.url) is None


def test_a_frame_may_come_together_with_the_answer() -> None:
    with answering(lambda answer: answer + frame(1, b"hello")) as server:
        assert connect(server.url) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer.replace(b"Upgrade: websocket", b"upgrade:   WebSocket"),
        lambda answer: answer.replace(b"Connection: Upgrade", b"Connection: keep-alive, Upgrade"),
        lambda answer: answer.replace(b" Switching Protocols", b""),
        lambda answer: answer.replace(b"\r\n\r\n", b"\r\nServer: " + b"x" * 40_000 + b"\r\n\r\n"),
    ],
    ids=["letters and spaces", "a list", "no phrase", "long headers"],
)
def test_what_the_rules_allow_is_accepted(change: Callable[[bytes], bytes]) -> None:
    with answering(change) as server:
        assert connect(server.url) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda _: b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "its first line is 'SSH-2.0-OpenSSH_9.6'"),
        (lambda answer: answer.replace(b"101", b"1x1"), "its first line is 'HTTP/1.1 1x1"),
        (lambda answer: answer.replace(b"HTTP/1.1", b"HTTP/1.0"), "its first line is 'HTTP/1.0"),
        (lambda answer: answer.replace(b"Upgrade: websocket", b"Upgrade: h2c"), "its Upgrade header"),
        (lambda answer: answer.replace(b"Connection: Upgrade\r\n", b""), "its Connection header"),
        (lambda answer: answer.replace(b"Accept: ", b"Accept: x"), "its Sec-WebSocket-Accept header"),
        (lambda answer: answer.replace(b"\r\n\r\n", b"\r\nnonsense\r\n\r\n"), "'nonsense' is no header"),
        (lambda answer: answer[:-4] + b"\r\nServer: " + b"x" * 70_000, "more than 65,536 bytes of headers"),
    ],
    ids=["another protocol", "no status", "HTTP/1.0", "Upgrade", "Connection", "Accept", "no header", "without an end"],
)
def test_an_answer_against_the_rules_is_named(change: Callable[[bytes], bytes], told: str) -> None:
    with answering(change) as server:
        said = connect(server.url)

    assert said is not None
    assert said.startswith("handshake_invalid: 127.0.0.1:")
    assert told in said


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"403 Forbidden", "http_403: {} answered the upgrade at /there with 403 Forbidden"),
        (b"503", "http_503: {} answered the upgrade at /there with 503 Service Unavailable"),
        (b"599", "http_599: {} answered the upgrade at /there with 599"),
        (b"302 Found", "http_302: {} answered the upgrade at /there with 302 Found"),
    ],
)
def test_a_server_that_refuses_is_quoted(line: bytes, told: str) -> None:
    with answering(lambda _: b"HTTP/1.1 " + line + b"\r\nLocation: /elsewhere\r\n\r\n") as server:
        assert connect(f"{server.url}/there?token=secret") == told.format(f"127.0.0.1:{server.port}")


def test_a_redirect_is_followed_where_that_is_asked_for() -> None:
    async def handle(peer: Peer) -> None:
        line = await peer.request()
        server.results.append(line.split()[1])
        if peer.number:
            await peer.send(peer.upgrade())
        else:
            await peer.send(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\n\r\n")
        await peer.end()

    server = RawServer(handle)
    with server:
        assert connect(f"{server.url}/here", max_redirects=1) is None
    assert server.results == [b"/here", b"/elsewhere"]


def test_a_request_of_any_size_arrives() -> None:
    cookie = "x" * 3_000_000  # more than the buffers of a socket hold

    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(peer.upgrade())
        server.results.append(peer.headers["cookie"] == cookie)
        await peer.end()

    server = RawServer(handle)
    with server:
        assert connect(server.url, {"Cookie": cookie}) is None
    assert server.results == [True]


def test_an_answer_to_half_a_request_is_none() -> None:
    async def handle(peer: Peer) -> None:
        begun = await peer.reader.readuntil(b"Sec-WebSocket-Key: ")
        assert begun
        key = (await peer.reader.readuntil(b"\r\n")).decode().strip()
        peer.headers["sec-websocket-key"] = key
        await peer.send(peer.upgrade())
        await peer.end()

    with RawServer(handle) as server:
        said = connect(server.url, {"Cookie": "x" * 30_000_000})  # more than the server's side takes unread

    assert said is not None
    assert said.endswith("it accepted a request that it had not heard to its end")


@pytest.mark.parametrize(
    ("end", "kind"),
    [("close", "handshake_closed"), ("reset", "connect_reset"), ("wait", "handshake_timeout")],
)
def test_an_end_before_the_answer_is_told_from_silence(end: str, kind: str) -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        if end == "reset":
            peer.reset()
        elif end == "wait":
            await peer.end()

    with RawServer(handle) as server:
        said = connect(server.url, handshake_timeout_s=0.2)

    assert said is not None
    assert said.startswith(f"{kind}: ")


def test_who_logs_in_is_not_sent_as_the_host() -> None:
    async def handle(peer: Peer) -> None:
        await peer.accept()
        server.results.append(peer.headers["host"])
        await peer.end()

    server = RawServer(handle)
    with server:
        assert connect(server.url.replace("//", "//me:secret@")) is None
    assert server.results == [f"127.0.0.1:{server.port}"]


def test_a_connect_that_is_cancelled_leaves_no_socket_open() -> None:
    async def main() -> None:
        asked, ended = asyncio.Event(), asyncio.Event()

        async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            assert await reader.read() == b""
            writer.close()
            ended.set()

        async with await asyncio.start_server(never, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            loop = asyncio.get_running_loop()
            timers = Timers(loop)
            connector = Connector(loop, timers)
            task = asyncio.ensure_future(connector.connect(f"ws://127.0.0.1:{port}", ConnectionOptions(), {}))
            await asyncio.wait_for(asked.wait(), 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(ended.wait(), 10)
            connector.close()
            timers.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
