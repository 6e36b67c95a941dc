"""Connections through TLS and through proxies."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from tests.system.command import CommandLine
from tests.system.scripts import PING, script
from tests.system.servers.proxies import connect_proxy, refuse, socks5_proxy, talk_nonsense
from tests.system.servers.raw import PONG_MESSAGE, Handler, Peer, RawServer, text
from wavetank.engine.clock.timers import Timers
from wavetank.engine.connecting.connector import Connector
from wavetank.engine.worker.loop import new_event_loop
from wavetank.plan.steps import ConnectionOptions


async def pong(peer: Peer) -> None:
    await peer.accept()
    await peer.frame()
    await peer.send(text(PONG_MESSAGE))
    await peer.part()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def tls(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


# -- TLS -------------------------------------------------------------------------------------------------------------


def test_a_certificate_of_an_unknown_authority_is_tls_failed(authority: trustme.CA, wavetank: CommandLine) -> None:
    with RawServer(pong, context=tls(authority)) as server:
        outcome = wavetank.run(script(PING), server.url)

    assert outcome.code == 3
    assert outcome.errors == {"tls_failed": 2}
    assert "is not trusted" in outcome.examples["tls_failed"]


@pytest.mark.parametrize("part", ["tls", "ws"])
def test_an_authority_of_ones_own_is_trusted_by_its_file(
    part: str, authority: trustme.CA, ca_file: Path, wavetank: CommandLine
) -> None:
    with RawServer(pong, context=tls(authority)) as server:
        outcome = wavetank.run(script(PING, config=f"{part}: {{ca: {ca_file.name}}}"), server.url)

    assert outcome.code == 0, outcome.examples
    assert outcome.counters["websocket.replies"] == 2
    for part_name in ("tcp", "tls", "upgrade"):
        times = outcome.summary["histograms"][f"websocket.connect_time.{part_name}"]
        assert times["count"] == 2
        assert 0 < times["max"] <= outcome.summary["histograms"]["websocket.connect_time"]["max"]


def test_a_certificate_for_another_host_is_tls_failed(
    authority: trustme.CA, ca_file: Path, wavetank: CommandLine
) -> None:
    with RawServer(pong, context=tls(authority, "example.com")) as server:
        wrong = wavetank.run(script(PING, config=f"tls: {{ca: {ca_file.name}}}"), server.url)
        named = wavetank.run(script(PING, config=f"tls: {{ca: {ca_file.name}, servername: example.com}}"), server.url)

    assert wrong.errors == {"tls_failed": 2}
    assert named.code == 0, named.examples


def test_verification_can_be_switched_off(authority: trustme.CA, wavetank: CommandLine) -> None:
    with RawServer(pong, context=tls(authority, "example.com")) as server:
        outcome = wavetank.run(script(PING, config="tls: {rejectUnauthorized: false}"), server.url)

    assert outcome.code == 0, outcome.examples


def test_a_client_certificate_is_shown_to_a_server_that_requires_one(
    authority: trustme.CA, ca_file: Path, wavetank: CommandLine, tmp_path: Path
) -> None:
    context = tls(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    client = authority.issue_cert("client@example.com")
    client.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    client.private_key_pem.write_to_path(tmp_path / "client.key")

    with RawServer(pong, context=context) as server:
        without = wavetank.run(script(PING, config=f"tls: {{ca: {ca_file.name}}}"), server.url)
        files = f"tls: {{ca: {ca_file.name}, cert: client.pem, key: client.key}}"
        shown = wavetank.run(script(PING, config=files), server.url)

    # In TLS 1.3 the client is done before the server looks at its certificate, so what it meets then may be the alert
    # or the closed connection.
    assert without.code == 3
    assert set(without.errors) <= {"tls_failed", "handshake_closed", "connect_reset"}, without.examples
    assert shown.code == 0, shown.examples


def test_plain_text_where_tls_is_expected_is_tls_failed(wavetank: CommandLine) -> None:
    async def talk_plainly(peer: Peer) -> None:
        await peer.reader.read(100)
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with RawServer(talk_plainly) as server:
        outcome = wavetank.run(script(PING), server.url.replace("ws:", "wss:"))

    assert outcome.code == 3
    assert outcome.errors == {"tls_failed": 2}, outcome.examples


def test_a_tls_handshake_that_never_ends_is_a_handshake_timeout(wavetank: CommandLine) -> None:
    async def keep_silent(peer: Peer) -> None:
        await peer.end()

    with RawServer(keep_silent) as server:
        outcome = wavetank.run(script(PING, config="ws: {handshakeTimeout: 200}"), server.url.replace("ws:", "wss:"))

    assert outcome.code == 3
    assert outcome.errors == {"handshake_timeout": 2}, outcome.examples


def test_a_session_through_tls_that_is_cut_is_connection_lost(
    authority: trustme.CA, ca_file: Path, wavetank: CommandLine
) -> None:
    async def cut(peer: Peer) -> None:
        await peer.accept()
        await peer.frame()
        peer.reset()

    with RawServer(cut, context=tls(authority)) as server:
        outcome = wavetank.run(script(PING, config=f"tls: {{ca: {ca_file.name}}}"), server.url)

    assert outcome.code == 1
    assert outcome.errors == {"connection_lost": 2}, outcome.examples


# -- proxies ---------------------------------------------------------------------------------------------------------


def test_a_session_goes_through_an_http_proxy(wavetank: CommandLine) -> None:
    requests: list[object] = []
    with RawServer(pong) as server, RawServer(connect_proxy(requests)) as proxy:
        outcome = wavetank.run(
            script(PING, config=f"ws: {{proxy: {{url: 'http://ann:s%40cret@127.0.0.1:{proxy.port}'}}}}"), server.url
        )
        assert server.connections == 2

    assert outcome.code == 0, outcome.examples
    assert requests == [(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1", "Basic YW5uOnNAY3JldA==")] * 2
    assert "s%40cret" not in outcome.stdout + (outcome.folder / "plan.json").read_text()


def test_a_session_through_tls_goes_through_an_http_proxy(
    authority: trustme.CA, ca_file: Path, wavetank: CommandLine
) -> None:
    requests: list[object] = []
    with RawServer(pong, context=tls(authority)) as server, RawServer(connect_proxy(requests)) as proxy:
        config = f"ws: {{ca: {ca_file.name}, proxy: {{url: 'http://127.0.0.1:{proxy.port}'}}}}"
        outcome = wavetank.run(script(PING, config=config), server.url)

    assert outcome.code == 0, outcome.examples
    assert len(requests) == 2


@pytest.mark.parametrize("handler", [refuse, talk_nonsense])
def test_a_proxy_that_refuses_is_proxy_failed(handler: Handler, wavetank: CommandLine) -> None:
    with RawServer(handler) as proxy:
        config = f"ws: {{proxy: {{url: 'http://127.0.0.1:{proxy.port}'}}}}"
        outcome = wavetank.run(script(PING, config=config), "ws://127.0.0.1:9")

    assert outcome.code == 3
    assert outcome.errors == {"proxy_failed": 2}, outcome.examples


def test_a_proxy_that_is_not_there_is_not_taken_for_the_server(wavetank: CommandLine) -> None:
    with socket.socket() as unused, RawServer(pong) as server:
        unused.bind(("127.0.0.1", 0))
        config = f"ws: {{proxy: {{url: 'http://127.0.0.1:{unused.getsockname()[1]}'}}}}"
        outcome = wavetank.run(script(PING, config=config), server.url)
        assert server.connections == 0

    assert outcome.code == 3
    assert outcome.errors == {"proxy_failed": 2}, outcome.examples


def test_the_engine_connects_through_a_socks5_proxy() -> None:
    asked: list[object] = []

    async def connect(url: str, proxy_url: str) -> None:
        loop = asyncio.get_running_loop()
        timers = Timers(loop)
        connector = Connector(loop, timers)
        connection, _ = await connector.connect(url, ConnectionOptions(proxy=proxy_url), {})
        connection.abort()
        timers.close()

    with RawServer(pong) as server, RawServer(socks5_proxy(asked)) as proxy:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(connect(server.url, f"socks5://127.0.0.1:{proxy.port}"))
        assert server.connections == 1

    assert asked == [("127.0.0.1", server.port)]
