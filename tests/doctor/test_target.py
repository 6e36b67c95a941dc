"""A look at the target: one connection, and nothing sent."""

from __future__ import annotations

import socket
import ssl
import sys
import threading

import pytest
import trustme

from tests.system.servers.raw import Peer, RawServer
from wavetank.doctor import target
from wavetank.doctor.question import Place
from wavetank.doctor.target import look_at


class Silent:
    """Notes what a client sends before it leaves."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.left = threading.Event()

    async def __call__(self, peer: Peer) -> None:
        self.sent.append(await peer.end())
        self.left.set()


def test_one_connection_is_made_and_nothing_is_sent() -> None:
    silent = Silent()
    with RawServer(silent) as server:
        seen = look_at(server.url)
        assert silent.left.wait(10)
    assert silent.sent == [b""]
    assert (seen.place, seen.spreads) == (Place.LOOPBACK, sys.platform == "linux")
    assert [(finding.name, finding.level) for finding in seen.findings] == [
        ("target_address", "ok"),
        ("target_connect", "ok"),
    ]
    took_ms = seen.findings[1].values["connect_ms"]
    assert isinstance(took_ms, float)
    assert took_ms > 0


def test_nobody_there_is_critical() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        seen = look_at(f"ws://127.0.0.1:{unused.getsockname()[1]}")
    assert seen.findings[1].level == "critical"
    assert "could not be connected to" in seen.findings[1].found
    assert seen.place is Place.LOOPBACK


def test_a_name_that_is_none_is_critical() -> None:
    (finding,) = look_at("ws://nobody.invalid").findings  # RFC 2606: never resolves
    assert (finding.name, finding.level) == ("target_address", "critical")
    assert "nobody.invalid cannot be resolved" in finding.found


def test_a_certificate_of_an_unknown_authority_is_a_warning() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with RawServer(Silent(), context=context) as server:
        finding = look_at(f"wss://localhost:{server.port}").findings[-1]
    assert (finding.name, finding.level) == ("target_tls", "warning")
    assert "does not trust its certificate" in finding.found
    assert "config.tls.ca" in finding.why


def test_a_trusted_certificate_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    monkeypatch.setattr(target.ssl, "create_default_context", lambda: trusting)
    with RawServer(Silent(), context=context) as server:
        finding = look_at(f"wss://localhost:{server.port}").findings[-1]
    assert (finding.level, finding.values["version"]) == ("ok", "TLSv1.3")


async def answer_without_tls(peer: Peer) -> None:
    await peer.reader.read(1)
    await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_server_without_tls_is_critical_for_wss() -> None:
    with RawServer(answer_without_tls) as server:
        finding = look_at(f"wss://127.0.0.1:{server.port}").findings[-1]
    assert finding.level == "critical"
    assert finding.found.startswith("no TLS: ")


@pytest.mark.parametrize("url", ["ftp://host", "host", "ws://", "ws://host:x"])
def test_what_is_no_websocket_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"no WebSocket URL|no host|port"):
        look_at(url)
