"""Frames that break RFC 6455, and frames that only look as if they did."""

from __future__ import annotations

import os
import ssl

import pytest

from tests.system.command import CommandLine
from tests.system.scripts import PING, script
from tests.system.servers.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PONG,
    PONG_MESSAGE,
    TEXT,
    Peer,
    RawServer,
    close,
    frame,
    text,
)
from tests.system.servers.raw import (
    PING as PING_FRAME,
)

LIMIT = 2**20
_PONG_TEXT = b'{"type":"pong"}'


def padded(size: int) -> bytes:
    """A reply of exactly so many bytes."""
    return b'{"type":"pong","data":"' + b"x" * (size - len(b'{"type":"pong","data":""}')) + b'"}'


def pieces(opcode: int, payload: bytes, size: int) -> bytes:
    """A message in fragments of `size` bytes."""
    parts = [payload[place : place + size] for place in range(0, len(payload), size)]
    return b"".join(
        frame(CONTINUATION if number else opcode, part, fin=number == len(parts) - 1)
        for number, part in enumerate(parts)
    )


def answering(answer: bytes, context: ssl.SSLContext | None = None) -> RawServer:
    """A server that answers the first message with these bytes, and then reads until the client goes."""

    async def handle(peer: Peer) -> None:
        await peer.accept()
        await peer.frame()
        await peer.send(answer)
        received = await peer.frame()
        while received.opcode != CLOSE:
            server.results.append(received)
            received = await peer.frame()
        server.results.append(received.close_code)
        await peer.send(close(1000))
        await peer.end()

    server = RawServer(handle, context=context)
    return server


BAD_FRAMES = {
    "unknown data opcode": frame(3, _PONG_TEXT),
    "unknown control opcode": frame(11, b""),
    "first reserved bit": frame(TEXT, _PONG_TEXT, rsv=4),
    "second reserved bit": frame(TEXT, _PONG_TEXT, rsv=2),
    "third reserved bit": frame(TEXT, _PONG_TEXT, rsv=1),
    "reserved bit of a pong": frame(PONG, b"", rsv=4),
    "reserved bit of a close": frame(CLOSE, b"", rsv=1),
    "masked": frame(TEXT, _PONG_TEXT, mask=b"\x01\x02\x03\x04"),
    "continuation of nothing": frame(CONTINUATION, _PONG_TEXT),
    "message inside a message": frame(TEXT, b"{", fin=False) + frame(TEXT, _PONG_TEXT),
    "ping in fragments": frame(PING_FRAME, b"x", fin=False),
    "ping of 126 bytes": frame(PING_FRAME, b"x" * 126),
    "close frame of one byte": frame(CLOSE, b"\x03"),
    "close code 1005": close(1005),
    "close code 999": close(999),
}


@pytest.mark.parametrize("answer", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_a_frame_against_the_rules_is_a_protocol_error(answer: bytes, wavetank: CommandLine) -> None:
    with answering(answer) as server:
        outcome = wavetank.run(script(PING, users=1), server.url)

    assert outcome.errors == {"protocol_error": 1}, outcome.examples
    assert outcome.code == 1
    assert server.results == [1002]
    assert outcome.counters["websocket.replies_lost"] == 1


BAD_TEXTS = {
    "in one frame": frame(TEXT, b'{"type":"\xff"}'),
    "cut short": frame(TEXT, '{"type":"ü'.encode()[:-1]),
    "a surrogate": frame(TEXT, b"\xed\xa0\x80"),
    "over fragments": frame(TEXT, b'{"type":', fin=False) + frame(CONTINUATION, b'"\xc3("}'),
}


@pytest.mark.parametrize("answer", BAD_TEXTS.values(), ids=BAD_TEXTS.keys())
def test_text_that_is_not_utf_8_is_named_so(answer: bytes, wavetank: CommandLine) -> None:
    with answering(answer) as server:
        outcome = wavetank.run(script(PING, users=1), server.url)

    assert outcome.errors == {"invalid_utf8": 1}, outcome.examples
    assert outcome.code == 1
    assert server.results == [1007]


def test_a_close_reason_that_is_not_utf_8_breaks_nothing(wavetank: CommandLine) -> None:
    with answering(frame(CLOSE, b"\x0f\xa1\xff\xfe")) as server:
        outcome = wavetank.run(script(PING, users=1), server.url)

    assert outcome.code == 1
    assert outcome.errors == {"invalid_utf8": 1}, outcome.examples
    assert server.results == [1007]


@pytest.mark.parametrize("answer", [b"", close(1000)], ids=["instead of its own", "after its own"])
def test_what_a_server_breaks_after_our_close_harms_nobody(answer: bytes, wavetank: CommandLine) -> None:
    async def break_rules(peer: Peer) -> None:
        await peer.accept()
        assert (await peer.frame()).opcode == CLOSE
        await peer.send(answer + frame(11, b"") + frame(TEXT, b"\xff") + frame(TEXT, padded(LIMIT + 1)))
        await peer.end()

    with RawServer(break_rules) as server:
        outcome = wavetank.run(script("- close"), server.url)

    assert outcome.code == 0
    assert outcome.counters["vusers.completed"] == 2


@pytest.mark.parametrize(
    ("answer", "config"),
    [
        (frame(TEXT, padded(LIMIT)), ""),
        (frame(BINARY, padded(LIMIT)), ""),
        (pieces(TEXT, padded(LIMIT), 100_000), ""),
        (frame(TEXT, padded(2000)), "ws: {maxPayload: 2000}"),
        (frame(TEXT, padded(LIMIT + 1)), "ws: {maxPayload: 2097152}"),
        (pieces(TEXT, padded(LIMIT + 1), 100_000), "ws: {maxPayload: 2097152}"),
    ],
    ids=["1 MiB of text", "1 MiB of bytes", "in fragments", "a small limit", "a large limit", "large, in fragments"],
)
def test_a_message_of_the_limit_passes(answer: bytes, config: str, wavetank: CommandLine) -> None:
    with answering(answer) as server:
        outcome = wavetank.run(script(PING, users=1, config=config), server.url)

    assert outcome.code == 0, outcome.examples
    assert outcome.counters["websocket.replies"] == 1
    assert outcome.counters["websocket.bytes_received"] >= 2000
    assert server.results == [1000]


@pytest.mark.parametrize(
    ("answer", "config"),
    [
        (frame(TEXT, padded(LIMIT + 1)), ""),
        (frame(BINARY, padded(LIMIT + 1)), ""),
        (pieces(TEXT, padded(LIMIT + 1), 100_000), ""),
        (frame(TEXT, padded(2001)), "ws: {maxPayload: 2000}"),
        (pieces(TEXT, padded(2001), 100), "ws: {maxPayload: 2000}"),
        (b"\x81\x7f" + (2**62).to_bytes(8, "big"), ""),
    ],
    ids=["1 MiB and a byte", "of bytes", "in fragments", "a small limit", "small, in fragments", "4 EiB are announced"],
)
def test_a_message_over_the_limit_is_too_big(answer: bytes, config: str, wavetank: CommandLine) -> None:
    with answering(answer) as server:
        outcome = wavetank.run(script(PING, users=1, config=config), server.url)

    assert outcome.errors == {"message_too_big": 1}, outcome.examples
    assert outcome.code == 1
    assert outcome.counters["websocket.replies_lost"] == 1


def test_fragments_are_joined_with_control_frames_between_them(wavetank: CommandLine) -> None:
    payload = padded(3000).replace(b"xx", "é".encode())
    middle = frame(PING_FRAME, b"are you there?")
    fragments = [frame(TEXT, payload[:1001], fin=False), frame(CONTINUATION, payload[1001:2002], fin=False)]
    answer = middle.join([*fragments, frame(CONTINUATION, b"", fin=False), frame(CONTINUATION, payload[2002:])])

    with answering(answer) as server:
        outcome = wavetank.run(script(PING, users=1), server.url)

    assert outcome.code == 0, outcome.examples
    assert outcome.counters["websocket.messages_received"] == outcome.counters["websocket.replies"] == 1
    assert outcome.counters["websocket.bytes_received"] == len(payload)
    *pongs, code = server.results
    assert [(pong.opcode, pong.payload, pong.masked) for pong in pongs] == [(PONG, b"are you there?", True)] * 3
    assert code == 1000


@pytest.mark.parametrize("payload", [b"", b"x", os.urandom(125)], ids=["empty", "a byte", "125 bytes"])
def test_a_ping_is_answered_with_its_payload(payload: bytes, wavetank: CommandLine) -> None:
    with answering(frame(PING_FRAME, payload) + text(PONG_MESSAGE)) as server:
        outcome = wavetank.run(script(PING, users=1), server.url)

    assert outcome.code == 0
    pong, code = server.results
    assert (pong.opcode, pong.payload, pong.masked, pong.fin) == (PONG, payload, True, True)
    assert code == 1000
    assert outcome.counters["websocket.messages_received"] == 1


def test_pongs_nobody_asked_for_are_ignored_and_a_ping_step_waits_for_its_own(wavetank: CommandLine) -> None:
    async def pong_late(peer: Peer) -> None:
        await peer.accept()
        ping = await peer.frame()
        assert ping.opcode == PING_FRAME
        await peer.send(frame(PONG, b"") + frame(PONG, b"another's") + frame(PONG, ping.payload))
        await peer.part()

    with RawServer(pong_late) as server:
        outcome = wavetank.run(script("- ping"), server.url)

    assert outcome.code == 0
    assert outcome.counters["websocket.requests"] == outcome.counters["websocket.replies"] == 2
    assert outcome.counters["websocket.closed.1000"] == 2


def test_a_ping_without_its_pong_is_a_reply_timeout(wavetank: CommandLine) -> None:
    async def never_pong(peer: Peer) -> None:
        await peer.accept()
        assert (await peer.frame()).opcode == PING_FRAME
        await peer.send(frame(PONG, b"another's") + text(PONG_MESSAGE))
        await peer.part()

    with RawServer(never_pong) as server:
        outcome = wavetank.run(script("- ping: {timeout: 200ms}"), server.url)

    assert outcome.code == 1
    assert outcome.errors == {"reply_timeout": 2}
    assert "'ping-frame'" in outcome.examples["reply_timeout"]


def test_every_frame_of_the_client_is_masked_and_whole(wavetank: CommandLine) -> None:
    async def look(peer: Peer) -> None:
        await peer.accept()
        for _ in range(3):
            server.results.append(await peer.frame())
        await peer.part()

    steps = ("- send: hello", "- send: {binary: AAH/}", f"- send: '{'y' * 70_000}'")
    with RawServer(look) as server:
        outcome = wavetank.run(script(*steps, users=1), server.url)

    assert outcome.code == 0
    assert [(sent.opcode, sent.payload) for sent in server.results] == [
        (TEXT, b"hello"),
        (BINARY, b"\x00\x01\xff"),
        (TEXT, b"y" * 70_000),
    ]
    assert all(sent.masked and sent.fin and not sent.rsv for sent in server.results)
    assert outcome.counters["websocket.bytes_sent"] == 5 + 3 + 70_000
