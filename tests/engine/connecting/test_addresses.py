"""From a host's name to a connected socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from tests.system.servers.unaccepting import unaccepting
from wavetank.engine.connecting.addresses import Addresses
from wavetank.engine.connecting.connector import ConnectTimes
from wavetank.engine.worker.loop import new_event_loop
from wavetank.errors import UserFailure
from wavetank.plan.arrivals import Share


def connected(port: int, *, timeout_s: float = 5.0, times: ConnectTimes | None = None) -> socket.socket:
    async def main() -> socket.socket:
        addresses = Addresses(asyncio.get_running_loop(), Share())
        return await addresses.connect(
            "127.0.0.1", port, times=times or ConnectTimes(), timeout_s=timeout_s, local_addresses=()
        )

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main())


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        yield listening


def port_of(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port


def test_a_connected_socket_is_not_blocking_and_its_time_is_told(listener: socket.socket) -> None:
    times = ConnectTimes()
    with connected(port_of(listener), times=times) as client:
        accepted, peer = listener.accept()
        with accepted:
            assert client.getsockname() == peer
            assert not client.getblocking()
            assert times.tcp > 0


def test_a_port_where_nobody_listens_refuses(listener: socket.socket) -> None:
    port = port_of(listener)
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        connected(port)


def test_a_server_that_does_not_accept_is_given_up_in_time() -> None:
    with (
        unaccepting() as port,
        pytest.raises(UserFailure, match=r"127\.0\.0\.1:\d+ did not accept within 0\.2 s") as caught,
    ):
        connected(port, timeout_s=0.2)
    assert caught.value.kind == "connect_timeout"
