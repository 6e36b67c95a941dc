"""Where connections come from: the server sees it, and one address's ports are no limit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.system.command import COMMAND, PATIENCE_S, CommandLine, Outcome, environment, read_summary
from tests.system.scripts import PING, script
from tests.system.servers.raw import PONG_MESSAGE, Peer, RawServer, text

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")

PORTS = 300
USERS = 800

_NARROW = f"ip link set lo up && echo '20000 {20000 + PORTS - 1}' > /proc/sys/net/ipv4/ip_local_port_range"
_NAMESPACE = ("unshare", "--net", "--map-root-user", "sh", "-c", f'{_NARROW} && exec "$@"', "sh")
"""Runs a command in a network of its own, in which an address has few ports."""


class Sources:
    """A server's handler that notes which address each connection comes from."""

    def __init__(self) -> None:
        self.seen = Counter[str]()

    async def __call__(self, peer: Peer) -> None:
        self.seen[peer.writer.get_extra_info("peername")[0]] += 1
        await peer.accept()
        await peer.frame()
        await peer.send(text(PONG_MESSAGE))
        await peer.part()


@pytest.mark.parametrize(
    ("local_address", "expected"),
    [
        ("127.0.0.7", {"127.0.0.7": 6}),
        ("[127.0.0.7, 127.0.3.1]", {"127.0.0.7": 3, "127.0.3.1": 3}),
        ("127.0.9.0/30", {"127.0.9.1": 3, "127.0.9.2": 3}),
        ("[127.0.0.7, '::1']", {"127.0.0.7": 6}),
    ],
)
def test_the_server_sees_the_addresses_of_the_script(
    wavetank: CommandLine, local_address: str, expected: dict[str, int]
) -> None:
    sources = Sources()
    with RawServer(sources) as server:
        outcome = wavetank.run(script(PING, users=6, config=f"ws: {{localAddress: {local_address}}}"), server.url)
    assert outcome.code == 0, outcome.stderr
    assert sources.seen == expected


def test_a_small_run_comes_from_the_plain_loopback_address(wavetank: CommandLine) -> None:
    sources = Sources()
    with RawServer(sources) as server:
        outcome = wavetank.run(script(PING, users=6), server.url)
    assert outcome.code == 0, outcome.stderr
    assert sources.seen == {"127.0.0.1": 6}


@pytest.mark.parametrize(
    ("local_address", "sentence"),
    [
        ("192.0.2.1", "192.0.2.1 of localAddress is no address of this machine"),
        ("::1", "localAddress has no IPv4 address, and 127.0.0.1 has an address of no other kind"),
    ],
)
def test_an_address_that_cannot_be_used_is_an_error_with_a_sentence(
    wavetank: CommandLine, local_address: str, sentence: str
) -> None:
    with RawServer(Sources()) as server:
        config = f"ws: {{localAddress: '{local_address}'}}"
        outcome = wavetank.run(script(PING, users=3, config=config), server.url)
    assert outcome.code == 3
    assert outcome.errors == {"bad_local_address": 3}
    assert sentence in outcome.examples["bad_local_address"]


@pytest.fixture(scope="module")
def namespace() -> tuple[str, ...]:
    """The command before a command that is to run in a network namespace; skips where there can be none."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("needs unshare and ip to make a network namespace")
    tried = subprocess.run([*_NAMESPACE, "true"], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if tried.returncode:
        pytest.skip(f"this system lets us make no network namespace: {tried.stderr.strip()}")
    return _NAMESPACE


def held(folder: Path, namespace: tuple[str, ...], config: str = "", *options: str) -> Outcome:
    """All users connected at once, in a network in which an address has far fewer ports."""
    held_open = script("- think: 4", users=USERS, config=config).replace("duration: 20ms", "duration: 2")
    return inside(folder, namespace, held_open, "--serve", *options)


def inside(folder: Path, namespace: tuple[str, ...], script_text: str, *options: str) -> Outcome:
    """`wavetank run` in a network of its own."""
    path = folder / "script.yml"
    path.write_text(script_text, encoding="utf-8")
    ended = subprocess.run(
        [*namespace, *COMMAND, "run", str(path), *options, "-o", str(folder / "run")],
        env=environment(),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    outcome = Outcome(ended.returncode, ended.stdout, ended.stderr, folder, path, read_summary(folder / "run"))
    outcome.check()
    return outcome


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("config", ["", "ws: {localAddress: 127.0.5.0/29}"], ids=["by itself", "by the script"])
def test_more_connections_than_one_address_has_ports_are_carried(
    tmp_path: Path, namespace: tuple[str, ...], config: str, workers: str
) -> None:
    outcome = held(tmp_path, namespace, config, "--workers", workers)
    assert outcome.code == 0, outcome.stderr
    assert "no_free_port" not in outcome.stderr
    assert outcome.errors == {}
    assert outcome.counters["vusers.completed"] == USERS
    assert outcome.summary["gauges"]["websocket.open"] > PORTS


def test_an_address_without_a_free_port_is_an_error_that_says_what_to_do(
    tmp_path: Path, namespace: tuple[str, ...]
) -> None:
    outcome = held(tmp_path, namespace, "ws: {localAddress: 127.0.0.1}")
    assert set(outcome.errors) == {"no_free_port"}
    # The server's own port is one of them.
    assert USERS - PORTS <= outcome.errors["no_free_port"] <= USERS - PORTS + 5
    example = outcome.examples["no_free_port"]
    assert "127.0.0.1 has no port left for another connection to 127.0.0.1:" in example
    assert "localAddress" in example
    assert "sysctl -w net.ipv4.ip_local_port_range='1024 65535'" in example
    # And it was said before.
    assert f"1 address with {PORTS} ports each, and about {USERS} users are there at once" in outcome.stderr


def test_no_address_to_connect_from_is_not_taken_for_no_port(tmp_path: Path, namespace: tuple[str, ...]) -> None:
    without_ipv6 = ("unshare", "--net", "--map-root-user")
    outcome = inside(tmp_path, without_ipv6, script(PING, users=2), "-t", "ws://[::1]:9")
    assert outcome.code == 3
    assert outcome.errors == {"host_unreachable": 2}, outcome.examples
    assert "no address from which to reach [::1]" in outcome.examples["host_unreachable"]
