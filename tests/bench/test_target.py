"""The server that big runs are made against."""

from __future__ import annotations

import json
import shutil
import socket
import urllib.request

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
