"""Servers that refuse, break off or keep silent: each is counted, named with a sentence, and told by the exit code."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.system.command import CommandLine
from tests.system.scripts import PING, script
from tests.system.servers.raw import CLOSE, PONG_MESSAGE, Handler, Peer, RawServer, close, text
from tests.system.servers.unaccepting import unaccepting

THINK = "- think: 20"
QUICK_HANDSHAKE = "ws: {handshakeTimeout: 150}"
QUICK_REPLY = "timeout: 300ms"


# -- the handshake -------------------------------------------------------------------------------------------------


def test_nobody_listening_is_connect_refused_and_exit_3(wavetank: CommandLine) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        outcome = wavetank.run(script(PING, users=3), f"ws://127.0.0.1:{port}")

    assert outcome.code == 3
    assert outcome.errors == {"connect_refused": 3}
    assert f"127.0.0.1:{port}" in outcome.examples["connect_refused"]
    assert outcome.counters == {
        "errors.connect_refused": 3,
        "vusers.created": 3,
        "vusers.created_by_name.session": 3,
        "vusers.failed": 3,
        "websocket.connects": 3,
        "websocket.connect_failed": 3,
    }


def test_a_server_that_accepts_nobody_is_a_connect_timeout_and_exit_3(wavetank: CommandLine) -> None:
    with unaccepting() as port:
        outcome = wavetank.run(script(PING, config=QUICK_HANDSHAKE), f"ws://127.0.0.1:{port}")

    assert outcome.code == 3
    assert outcome.errors == {"connect_timeout": 2}
    assert outcome.examples["connect_timeout"] == f"127.0.0.1:{port} did not accept within 0.15 s"


async def hang_up(peer: Peer) -> None:
    pass


async def hang_up_after_the_request(peer: Peer) -> None:
    await peer.request()


async def reset_after_the_request(peer: Peer) -> None:
    await peer.request()
    peer.reset()


async def forbid(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


async def fail(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy")


async def answer_like_any_page(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


async def talk_garbage(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"\x00\xff220 mail.example.com ESMTP\r\n\r\n\r\n")


async def answer_with_a_wrong_key(peer: Peer) -> None:
    await peer.request()
    await peer.send(peer.upgrade(accept="s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    await peer.end()


async def choose_what_was_not_offered(peer: Peer) -> None:
    await peer.accept("Sec-WebSocket-Extensions: permessage-deflate")
    await peer.end()


async def choose_a_strange_extension(peer: Peer) -> None:
    await peer.accept("Sec-WebSocket-Extensions: x-webkit-deflate-frame; no_context_takeover")
    await peer.end()


async def choose_a_strange_subprotocol(peer: Peer) -> None:
    await peer.accept("Sec-WebSocket-Protocol: chat")
    await peer.end()


async def write_nonsense_about_extensions(peer: Peer) -> None:
    await peer.accept("Sec-WebSocket-Extensions: ;;=,")
    await peer.end()


async def never_answer(peer: Peer) -> None:
    await peer.request()
    await peer.end()


async def answer_half(peer: Peer) -> None:
    await peer.request()
    await peer.send(peer.upgrade()[:40])
    await peer.end()


async def answer_without_an_end(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 101 Switching Protocols\r\n")
    while not peer.writer.is_closing():
        await peer.send(b"X-More: " + b"x" * 1000 + b"\r\n")
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("handler", "kinds"),
    [
        (hang_up, {"handshake_closed", "connect_reset"}),  # which one depends on whether the request was still written
        (hang_up_after_the_request, {"handshake_closed"}),
        (reset_after_the_request, {"handshake_closed", "connect_reset"}),
        (forbid, {"http_403"}),
        (fail, {"http_503"}),
        (answer_like_any_page, {"http_200"}),
        (talk_garbage, {"handshake_invalid"}),
        (answer_with_a_wrong_key, {"handshake_invalid"}),
        (choose_what_was_not_offered, {"handshake_invalid"}),
        (choose_a_strange_extension, {"handshake_invalid"}),
        (choose_a_strange_subprotocol, {"handshake_invalid"}),
        (write_nonsense_about_extensions, {"handshake_invalid"}),
        (never_answer, {"handshake_timeout"}),
        (answer_half, {"handshake_timeout"}),
        (answer_without_an_end, {"handshake_invalid", "handshake_timeout"}),
    ],
)
def test_a_handshake_that_fails_has_a_name_and_exit_3(handler: Handler, kinds: set[str], wavetank: CommandLine) -> None:
    with RawServer(handler) as server:
        outcome = wavetank.run(script(PING, config=QUICK_HANDSHAKE), server.url)

    assert outcome.code == 3
    assert set(outcome.errors) <= kinds, outcome.examples
    assert sum(outcome.errors.values()) == outcome.counters["websocket.connect_failed"] == 2
    for sentence in outcome.examples.values():
        assert f"127.0.0.1:{server.port} " in sentence or sentence.startswith("the server"), sentence
    assert outcome.summary["verdict"] == "critical"
    assert "websocket.requests" not in outcome.counters


def test_the_handshake_timeout_of_the_script_is_kept(wavetank: CommandLine) -> None:
    with RawServer(never_answer) as server:
        outcome = wavetank.run(script(PING, config=QUICK_HANDSHAKE), server.url)

    assert "0.15 s" in outcome.examples["handshake_timeout"]
    assert outcome.summary["duration_s"] < 1


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 1)])
def test_some_who_cannot_connect_make_a_warning(options: tuple[str, ...], code: int, wavetank: CommandLine) -> None:
    async def let_every_other_in(peer: Peer) -> None:
        if peer.number % 2:
            await forbid(peer)
            return
        await peer.accept()
        await peer.frame()
        await peer.send(text(PONG_MESSAGE))
        await peer.part()

    with RawServer(let_every_other_in) as server:
        outcome = wavetank.run(script(PING, users=4), server.url, *options)

    assert outcome.code == code
    assert outcome.summary["verdict"] == "warning"
    assert outcome.errors == {"http_403": 2}
    assert outcome.counters["vusers.completed"] == 2


# -- ends in the middle of a session -------------------------------------------------------------------------------


async def close_with_4001(peer: Peer) -> None:
    await peer.accept()
    await peer.frame()
    await peer.send(close(4001, "go away"))
    answer = await peer.frame()
    assert (answer.opcode, answer.close_code) == (CLOSE, 4001)


async def close_without_a_code(peer: Peer) -> None:
    await peer.accept()
    await peer.frame()
    await peer.send(close())
    assert (await peer.frame()).opcode == CLOSE


async def hang_up_in_a_session(peer: Peer) -> None:
    await peer.accept()
    await peer.frame()


async def reset_in_a_frame(peer: Peer) -> None:
    await peer.accept()
    await peer.frame()
    await peer.send(text(PONG_MESSAGE)[:5])
    peer.reset()


@pytest.mark.parametrize("think", [False, True], ids=["in a request", "in a think"])
@pytest.mark.parametrize(
    ("handler", "kind", "code", "said"),
    [
        (close_with_4001, "closed_by_server", 4001, "code 4001 (go away)"),
        (close_without_a_code, "closed_by_server", 1005, "code 1005"),
        (hang_up_in_a_session, "connection_lost", 1006, "without a close frame"),
        (reset_in_a_frame, "connection_lost", 1006, "without a close frame"),
    ],
)
def test_a_session_that_the_server_ends_fails_its_user(
    handler: Handler, kind: str, code: int, said: str, think: bool, wavetank: CommandLine
) -> None:
    steps = ("- send: {type: hello}", THINK) if think else (PING,)
    with RawServer(handler) as server:
        outcome = wavetank.run(script(*steps), server.url)

    assert outcome.code == 1
    assert outcome.errors == {kind: 2}
    assert said in outcome.examples[kind]
    assert outcome.counters[f"websocket.closed.{code}"] == 2
    assert outcome.counters.get("websocket.replies_lost", 0) == (0 if think else 2)
    assert outcome.summary["duration_s"] < 2


def test_a_server_that_answers_nothing_is_a_reply_timeout_at_its_step(wavetank: CommandLine) -> None:
    async def keep_silent(peer: Peer) -> None:
        await peer.accept()
        assert (await peer.frame()).masked
        await peer.part()

    with RawServer(keep_silent) as server:
        outcome = wavetank.run(script("- think: 0", PING, config=QUICK_REPLY), server.url)

    assert outcome.code == 1
    assert outcome.errors == {"reply_timeout": 2}
    assert outcome.counters["websocket.reply_timeouts"] == outcome.counters["websocket.replies_lost"] == 2
    assert outcome.counters["websocket.closed.1000"] == 2
    assert outcome.script is not None
    line = outcome.script.read_text().splitlines().index(f"      {PING}") + 1
    assert "'ping'" in outcome.examples["reply_timeout"]
    assert f"{outcome.script.name}:{line}" in outcome.examples["reply_timeout"]
    assert "0.3 s" in outcome.examples["reply_timeout"]


def test_a_reply_after_its_timeout_harms_nobody(wavetank: CommandLine) -> None:
    async def dawdle(peer: Peer) -> None:
        await peer.accept()
        await peer.frame()
        assert (await peer.frame()).opcode == CLOSE
        await peer.send(text(PONG_MESSAGE) + text(PONG_MESSAGE) + close(1000))

    with RawServer(dawdle) as server:
        outcome = wavetank.run(script(PING, config=QUICK_REPLY), server.url)

    assert outcome.errors == {"reply_timeout": 2}
    assert outcome.counters["websocket.pushes"] == outcome.counters["websocket.messages_received"] == 4
    assert "websocket.replies" not in outcome.counters


def test_replies_that_come_twice_and_messages_nobody_asked_for_are_pushes(wavetank: CommandLine) -> None:
    async def talk_much(peer: Peer) -> None:
        await peer.accept()
        await peer.send(text({"type": "welcome"}))
        for _ in range(3):
            await peer.frame()
            await peer.send(text({"type": "news"}) + text(PONG_MESSAGE) + text(PONG_MESSAGE))
        await peer.part()

    flow = (*(PING, "- think: 50ms") * 3,)
    with RawServer(talk_much) as server:
        outcome = wavetank.run(script(*flow), server.url)

    assert outcome.code == 0
    assert outcome.counters["vusers.completed"] == 2
    assert outcome.counters["websocket.messages_received"] == 2 * (1 + 3 * 3)
    assert outcome.counters["websocket.replies"] == 2 * 3
    assert outcome.counters["websocket.pushes"] == 2 * (1 + 2 * 3)


# -- the end of a session --------------------------------------------------------------------------------------------


async def hang_up_on_close(peer: Peer) -> None:
    await peer.accept()
    await peer.frame()
    await peer.send(text(PONG_MESSAGE))
    assert (await peer.frame()).close_code == 1000


async def ignore_close(peer: Peer) -> None:
    await peer.accept()
    await peer.frame()
    await peer.send(text(PONG_MESSAGE))
    assert (await peer.frame()).close_code == 1000
    assert await peer.end() == b""


@pytest.mark.parametrize(("handler", "least_s", "most_s"), [(hang_up_on_close, 0.0, 2.0), (ignore_close, 4.5, 7.0)])
def test_a_close_that_is_not_answered_delays_the_end_by_the_close_timeout_at_most(
    handler: Handler, least_s: float, most_s: float, wavetank: CommandLine
) -> None:
    with RawServer(handler) as server:
        outcome = wavetank.run(script(PING), server.url)

    assert outcome.code == 0
    assert outcome.errors == {}
    assert outcome.counters["vusers.completed"] == outcome.counters["websocket.closed.1006"] == 2
    assert least_s <= outcome.summary["duration_s"] <= most_s


def test_the_code_and_reason_of_the_script_reach_the_server(wavetank: CommandLine) -> None:
    async def note(peer: Peer) -> None:
        await peer.accept()
        server.results.append((await peer.part()).payload)

    with RawServer(note) as server:
        outcome = wavetank.run(script("- close: {code: 4242, reason: enough}"), server.url)

    assert outcome.code == 0
    assert server.results == [(4242).to_bytes(2, "big") + b"enough"] * 2
    assert outcome.counters["websocket.closed.4242"] == 2
