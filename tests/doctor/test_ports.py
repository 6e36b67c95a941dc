"""Ports, their second use, and the table of tracked connections."""

from __future__ import annotations

import pytest

from tests.doctor.machines import BARE, kernel, system, users
from wavetank.doctor.kernel import Kernel
from wavetank.doctor.ports import conntrack, ephemeral_ports, tcp_tw_reuse
from wavetank.doctor.question import Place

USUAL = system(ports=(32_768, 60_999))


@pytest.mark.parametrize(
    ("count", "place", "level"),
    [
        (14_116, Place.ELSEWHERE, "ok"),
        (14_117, Place.ELSEWHERE, "warning"),
        (28_232, Place.ELSEWHERE, "warning"),
        (28_233, Place.ELSEWHERE, "critical"),
        (28_233, Place.THIS_MACHINE, "critical"),
        (28_233, Place.ANYWHERE, "warning"),
        (1_000_000, Place.LOOPBACK, "ok"),
        (8_000_000, Place.LOOPBACK, "critical"),
    ],
)
def test_ports_are_few_elsewhere_and_many_on_loopback(count: int, place: Place, level: str) -> None:
    finding = ephemeral_ports(users(count, place), USUAL)
    assert finding.level == level
    assert bool(finding.commands) == (level != "ok")


def test_it_says_how_many_addresses_are_needed_and_widens_the_range_only_if_that_helps() -> None:
    assert ephemeral_ports(users(40_000, Place.ELSEWHERE), USUAL).commands == (
        "config.ws.localAddress: [3 addresses of this machine]",
        'sudo sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
    )
    assert ephemeral_ports(users(167_000, Place.ELSEWHERE), USUAL).commands == (
        "config.ws.localAddress: [12 addresses of this machine]",
    )
    container = system(ports=(32_768, 60_999), is_container=True)
    assert ephemeral_ports(users(40_000, Place.ELSEWHERE), container).commands[1] == (
        'docker run --sysctl net.ipv4.ip_local_port_range="1024 65535" …'
    )


@pytest.mark.parametrize(
    ("setting", "place", "count", "level"),
    [
        (1, Place.ELSEWHERE, 10**6, "ok"),
        (2, Place.LOOPBACK, 10**6, "ok"),
        (2, Place.ELSEWHERE, 14_116, "ok"),
        (2, Place.ELSEWHERE, 14_117, "warning"),
        (0, Place.ELSEWHERE, 14_117, "warning"),
        (0, Place.LOOPBACK, 14_117, "ok"),
        (0, Place.LOOPBACK, 4_000_000, "warning"),
    ],
)
def test_ports_that_linger_matter_where_there_are_few(setting: int, place: Place, count: int, level: str) -> None:
    finding = tcp_tw_reuse(users(count, place), USUAL, kernel(tcp_tw_reuse=setting))
    assert finding.level == level
    assert finding.commands == (("sudo sysctl -w net.ipv4.tcp_tw_reuse=1",) if level == "warning" else ())


@pytest.mark.parametrize(
    ("most", "used", "level"), [(200_000, 0, "ok"), (120_000, 0, "warning"), (120_000, 20_001, "critical")]
)
def test_a_table_of_connections_must_hold_them_all(most: int, used: int, level: str) -> None:
    finding = conntrack(users(100_000), kernel(tracks=True, tracked_most=most, tracked=used))
    assert finding.level == level
    if level == "critical":
        assert finding.commands == ("sudo sysctl -w net.netfilter.nf_conntrack_max=240002",)


def test_no_table_is_no_limit_and_an_unreadable_one_is_unknown() -> None:
    assert conntrack(users(10), kernel(tracks=False)).found == "nf_conntrack is not loaded"
    assert conntrack(users(10), Kernel()).level == "unknown"
    assert tcp_tw_reuse(users(10), USUAL, Kernel()).level == "unknown"
    assert ephemeral_ports(users(10), BARE).level == "unknown"
