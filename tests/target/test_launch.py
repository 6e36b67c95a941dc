from __future__ import annotations

import pytest

from wavetank.target.launch import announced, announcement


@pytest.mark.parametrize("authority", ["127.0.0.1:8000", "[::1]:9", "localhost:80"])
def test_what_a_target_says_is_understood(authority: str) -> None:
    assert announced(f"{announcement(authority)}\n".encode()) == authority


@pytest.mark.parametrize("line", [b"", b"\n", b"error: Port 1 is in use\n", b"listening on ws:///ws \n", b"\xff"])
def test_anything_else_is_not(line: bytes) -> None:
    assert announced(line) is None
