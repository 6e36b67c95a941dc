"""The reference target on real sockets."""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from collections.abc import Awaitable, Callable

import httpx
import pytest
from websockets.frames import Frame, Opcode

from tests.target.conformance import CHECKS, PATIENCE_S, Check, ask, close_code, connect, connections_become
from wavetank.engine.worker.loop import new_event_loop
from wavetank.errors import RunError
from wavetank.target.client import MAX_MESSAGE_BYTES
from wavetank.target.server import Server, serve


def with_server(check: Callable[[Server], Awaitable[None]]) -> None:
    """Runs the check against a server of its own, on the loop that the command uses."""

    async def run() -> None:
        server = await serve(port=0)
        try:
            async with asyncio.timeout(2 * PATIENCE_S):
                await check(server)
        finally:
            await server.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_reference_target_conforms(check: Check) -> None:
    with_server(lambda server: check(server.authority))


def test_a_client_who_leaves_too_much_unread_is_dropped() -> None:
    async def check(server: Server) -> None:
        async with connect(server.authority, max_queue=2) as slow, connect(server.authority) as publisher:
            await ask(slow, {"type": "subscribe", "channel": "flood"})
            for _ in range(200):
                await ask(publisher, {"type": "publish", "channel": "flood", "data": "x" * 250_000})
                if server.platform.connections == 1:
                    break
            assert server.platform.connections == 1
            slow.transport.abort()

    with_server(check)


def test_a_client_who_sends_without_reading_is_served_when_it_reads() -> None:
    async def check(server: Server) -> None:
        # Of 60 echoes of 100 kB, only what fits into the sockets' buffers is sent before the client reads.
        async with connect(server.authority, max_queue=2) as connection:
            sending = asyncio.create_task(_send_many(connection.send))
            for _ in range(60):
                assert len(await connection.recv()) > 100_000
            await sending

    async def _send_many(send: Callable[[str], Awaitable[None]]) -> None:
        for _ in range(60):
            await send('{"x":"' + "x" * 100_000 + '"}')

    with_server(check)


def test_a_message_over_the_limit_closes_with_1009_in_one_frame_or_in_many() -> None:
    async def check(server: Server) -> None:
        async with connect(server.authority) as connection:
            await connection.send("x" * (MAX_MESSAGE_BYTES + 1))
            assert await close_code(connection) == 1009
        async with connect(server.authority) as connection:
            await connection.send(["x" * (MAX_MESSAGE_BYTES // 2 + 1)] * 2)
            assert await close_code(connection) == 1009

    with_server(check)


@pytest.mark.parametrize("bit", [0x40, 0x20, 0x10], ids=["rsv1", "rsv2", "rsv3"])
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_a_reserved_bit_closes_with_1002(opcode: Opcode, bit: int) -> None:
    async def check(server: Server) -> None:
        async with connect(server.authority) as connection:
            frame = bytearray(Frame(opcode, b"{}").serialize(mask=True))
            frame[0] |= bit
            connection.transport.write(bytes(frame))
            assert await close_code(connection) == 1002

    with_server(check)


def test_a_message_within_a_message_closes_with_1002() -> None:
    async def check(server: Server) -> None:
        async with connect(server.authority) as connection:
            for frame in (Frame(Opcode.TEXT, b"{", fin=False), Frame(Opcode.TEXT, b"}")):
                connection.transport.write(frame.serialize(mask=True))
            assert await close_code(connection) == 1002

    with_server(check)


def test_a_close_without_a_code_is_answered_without_one() -> None:
    async def check(server: Server) -> None:
        async with connect(server.authority) as connection:
            connection.transport.write(Frame(Opcode.CLOSE, b"").serialize(mask=True))
            await connection.wait_closed()
            assert connection.protocol.close_rcvd is not None
            assert connection.protocol.close_rcvd.code == 1005

    with_server(check)


def test_browsers_that_ask_to_keep_alive_and_upgrade_are_let_in() -> None:
    async def check(server: Server) -> None:
        reader, writer = await asyncio.open_connection(*server.authority.split(":"))
        writer.write(
            b"GET /ws?token=1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert await reader.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
        writer.close()
        await writer.wait_closed()

    with_server(check)


def test_a_path_that_does_not_exist_is_404() -> None:
    async def check(server: Server) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            for path in ("/", "/ws/", "/healthy"):
                assert (await client.get(f"http://{server.authority}{path}")).status_code == 404

    with_server(check)


def test_clients_are_told_when_the_server_stops_and_those_who_do_not_answer_are_cut_off() -> None:
    async def check(server: Server) -> None:
        async with connect(server.authority) as polite, connect(server.authority) as deaf:
            deaf.transport.pause_reading()
            await server.close()
            assert await close_code(polite) == 1001
            assert server.platform.connections == 0
            deaf.transport.resume_reading()
            await deaf.wait_closed()

    with_server(check)


def test_a_client_who_has_left_leaves_no_memory_behind() -> None:
    async def check(server: Server) -> None:
        async with connect(server.authority) as connection:
            await ask(connection, {"type": "subscribe", "channel": "agents"})
            (client,) = server._clients
            trace = weakref.ref(client)
            del client
        gc.disable()
        try:
            await connections_become(server.authority, 0)
            while server._clients:
                await connections_become(server.authority, 0)
            assert trace() is None
        finally:
            gc.enable()

    with_server(check)


def test_a_port_that_is_in_use_is_named_with_what_to_do() -> None:
    async def check(server: Server) -> None:
        port = int(server.authority.rpartition(":")[2])
        with pytest.raises(RunError, match=rf"Port {port} of 127\.0\.0\.1 is in use: stop what listens there"):
            await serve(port=port)

    with_server(check)


def test_an_address_of_another_machine_is_named_with_what_to_do() -> None:
    async def check(_: Server) -> None:
        with pytest.raises(RunError, match=r"192\.0\.2\.1 is not an address of this machine"):
            await serve("192.0.2.1", 0)

    with_server(check)


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
def test_an_ipv6_address_is_written_in_brackets() -> None:
    async def run() -> None:
        try:
            server = await serve("::1", 0)
        except RunError:
            pytest.skip("this machine has no ::1")
        try:
            assert server.authority.startswith("[::1]:")
            async with connect(server.authority) as connection:
                assert await ask(connection, {"type": "ping"}) == {"type": "pong"}
        finally:
            await server.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run())
