"""The server that big runs are made against."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest
from bench.target import port_in, running_target


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("8123\n", 8123),
        ("listening on ws://127.0.0.1:8000/ws (health: http://127.0.0.1:8000/health)\n", 8000),
        ("listening on ws://[::1]:9000/ws (health: http://[::1]:9000/health)\n", 9000),
        ("", None),
        ("error: the address is taken\n", None),
    ],
)
def test_the_port_is_read_from_the_first_line(line: str, port: int | None) -> None:
    assert port_in(line) == port


def test_the_target_is_there_for_as_long_as_the_block_lasts() -> None:
    with running_target() as target:
        assert target.url == f"ws://127.0.0.1:{target.port}"
        with socket.create_connection(("127.0.0.1", target.port), timeout=10):
            pass
    with pytest.raises(OSError, match=r".+"):
        socket.create_connection(("127.0.0.1", target.port), timeout=10)


def test_without_a_compiler_the_reference_target_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with running_target(workers=2) as target:
        assert target.name.startswith("wavetank serve")
        with urllib.request.urlopen(f"http://127.0.0.1:{target.port}/health", timeout=10) as answer:
            assert json.load(answer)["status"] == "healthy"


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("cc") is None, reason="the C server is built, on Linux")
def test_connections_from_one_address_lead_to_one_process() -> None:
    with running_target(workers=3) as target, ExitStack() as stack:
        assert target.overrides["config"]["ws"]["localAddress"] == "127.16.0.0/12"
        for source in range(3):
            for _ in range(4 + source):
                connection = socket.socket()
                stack.enter_context(connection)
                connection.bind((f"127.16.0.{source}", 0))
                connection.connect(("127.0.0.1", target.port))
                connection.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
                connection.sendall(b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
                assert connection.recv(12) == b"HTTP/1.1 101"
        assert sorted(held_by(target.process)) == [4, 5, 6]


def held_by(parent: int) -> list[int]:
    """How many connections each process of a server holds."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    sockets = [[str(fd.readlink()) for fd in Path(f"/proc/{child}/fd").iterdir()] for child in children]
    return [sum(fd.startswith("socket:") for fd in fds) - 1 for fds in sockets]  # but for the one that listens
