"""What picows carries (TLS) is judged like what we carry ourselves."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from tests.engine.connecting.test_connections import PING, carried
from tests.system.servers.raw import CLOSE, TEXT, Peer, RawServer, close, frame, text
from tests.system.test_frames import BAD_FRAMES, BAD_TEXTS, LIMIT, answering, padded

BROKEN = {
    **{name: ("protocol_error", answer) for name, answer in BAD_FRAMES.items()},
    **{f"text {name}": ("invalid_utf8", answer) for name, answer in BAD_TEXTS.items()},
    "too big": ("message_too_big", frame(TEXT, padded(LIMIT + 1))),
}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@pytest.mark.parametrize(("kind", "answer"), BROKEN.values(), ids=BROKEN.keys())
def test_a_mistake_of_the_servers_has_the_same_name_over_tls(
    kind: str, answer: bytes, context: ssl.SSLContext, ca: Path
) -> None:
    with answering(answer, context) as server:
        total = carried(server.url, PING, ca=ca)

    assert list(total.errors) == [kind]


def test_a_server_that_closes_over_tls_is_answered(context: ssl.SSLContext, ca: Path) -> None:
    async def leave(peer: Peer) -> None:
        await peer.accept()
        await peer.frame()
        await peer.send(text({"type": "pong"}) + close(4000, "enough"))
        answer = await peer.frame()
        while answer.opcode != CLOSE:  # it may have sent something before it heard of the end
            answer = await peer.frame()
        server.results.append(answer.close_code)

    server = RawServer(leave, context=context)
    with server:
        carried(server.url, PING, PING, ca=ca)

    assert server.results == [4000]
