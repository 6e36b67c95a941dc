"""The frames of the servers that accuracy is measured against."""

from __future__ import annotations

import pytest
from bench.accuracy.frames import CLOSE, TEXT, NotSpoken, accept_upgrade, make_frame, take_frame
from hypothesis import given
from hypothesis import strategies as st


def masked(opcode: int, payload: bytes, mask: bytes) -> bytes:
    body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes((0x80 | opcode, 0x80 | len(payload))) + mask + body


@given(st.lists(st.binary(max_size=125), max_size=5), st.binary(min_size=4, max_size=4))
def test_every_frame_of_a_client_is_read_as_it_was_written(payloads: list[bytes], mask: bytes) -> None:
    buffer = bytearray(b"".join(masked(TEXT, payload, mask) for payload in payloads))
    found = []
    while (frame := take_frame(buffer)) is not None:
        assert frame.opcode == TEXT
        found.append(frame.payload)
    assert found == payloads
    assert not buffer


@given(st.binary(max_size=125), st.integers(min_value=1))
def test_a_frame_that_is_not_complete_is_left_where_it_is(payload: bytes, missing: int) -> None:
    whole = masked(TEXT, payload, b"abcd")
    part = whole[: len(whole) - 1 - missing % len(whole)]
    buffer = bytearray(part)
    assert take_frame(buffer) is None
    assert buffer == part


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"\x01\x80", id="fragmented"),
        pytest.param(b"\xc1\x80", id="compressed"),
        pytest.param(b"\x81\x00", id="not masked"),
        pytest.param(b"\x81\xfe", id="long"),
    ],
)
def test_what_is_not_understood_is_refused_instead_of_misread(head: bytes) -> None:
    with pytest.raises(NotSpoken):
        take_frame(bytearray(head + b"1234"))


def test_the_handshake_is_that_of_the_rfc() -> None:
    request = b"GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in accept_upgrade(request)
    with pytest.raises(NotSpoken):
        accept_upgrade(b"GET / HTTP/1.1\r\n\r\n")


def test_a_frame_of_the_server_is_not_masked() -> None:
    assert make_frame(CLOSE, b"\x03\xe8") == b"\x88\x02\x03\xe8"
