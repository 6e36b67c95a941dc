"""Source addresses: workers use them alike, and a small run stays plain."""

from __future__ import annotations

import errno
import socket
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.engine.connecting.sources import (
    LOOPBACK_ADDRESSES,
    LoopbackBlocks,
    RoundRobin,
    Sources,
    bind_source,
    ephemeral_ports,
    has_a_source,
    is_out_of_ports,
)
from wavetank.plan.arrivals import Share

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")


def dealt(dealer: RoundRobin | LoopbackBlocks, count: int) -> list[str | None]:
    return [dealer.deal() for _ in range(count)]


def test_one_worker_takes_the_addresses_in_turn() -> None:
    dealer = RoundRobin(("10.0.0.9", "10.1.0.0/30", "fd00::1"), 4, Share())
    assert dealt(dealer, 4) == ["10.0.0.9", "10.1.0.1", "10.1.0.2", "10.0.0.9"]


@given(st.integers(1, 12), st.integers(1, 12))
def test_workers_together_use_every_address_alike(workers: int, addresses: int) -> None:
    texts = tuple(f"10.0.0.{number + 1}" for number in range(addresses))
    uses = Counter[str | None]()
    for index in range(workers):
        uses.update(dealt(RoundRobin(texts, 4, Share(index, workers)), addresses))
    assert set(uses.values()) == {workers}
    assert set(uses) == set(texts)


@given(st.integers(1, 6), st.integers(1, 6))
def test_workers_keep_to_addresses_of_their_own_where_that_comes_out_even(workers: int, each: int) -> None:
    texts = tuple(f"10.0.0.{number + 1}" for number in range(workers * each))
    own = [set(dealt(RoundRobin(texts, 4, Share(index, workers)), 3 * each)) for index in range(workers)]
    assert sum(map(len, own)) == len(set.union(*own)) == len(texts)


def test_a_range_of_any_size_costs_nothing_to_hold() -> None:
    dealer = RoundRobin(("fd00::/64",), 6, Share(1, 2))
    assert dealt(dealer, 2) == ["fd00::2", "fd00::4"]


def test_addresses_of_another_version_are_no_source() -> None:
    with pytest.raises(ValueError, match="no IPv6 address"):
        RoundRobin(("10.0.0.1",), 6, Share())


def test_a_small_run_on_loopback_leaves_the_choice_to_the_system() -> None:
    dealer = LoopbackBlocks(28_232, Share())
    assert set(dealt(dealer, 7_058)) == {None}
    assert set(dealt(dealer, 7_058)) == {"127.0.0.2"}
    assert dealer.deal() == "127.0.0.3"


@given(st.integers(1, 9))
def test_a_fleet_passes_from_address_to_address_as_one_worker_would(workers: int) -> None:
    ports, count = 400, 1_000
    alone = list(islice(iter(LoopbackBlocks(ports, Share()).deal, object()), count))
    fleet: dict[int, str | None] = {}
    for index in range(workers):
        dealer = LoopbackBlocks(ports, Share(index, workers))
        for number in range(index, count, workers):
            fleet[number] = dealer.deal()
    assert [fleet[number] for number in range(count)] == alone


def test_the_addresses_of_loopback_go_around() -> None:
    dealer = LoopbackBlocks(4, Share())
    once = dealt(dealer, LOOPBACK_ADDRESSES)
    assert once[0] is None
    assert once[1:] == [f"127.0.0.{number}" for number in range(2, 255)]
    assert dealt(dealer, LOOPBACK_ADDRESSES) == once


def test_an_address_without_a_free_port_is_passed_over() -> None:
    dealer = LoopbackBlocks(40, Share())
    assert dealer.deal() is None
    assert dealer.exhausted()
    assert dealer.deal() == "127.0.0.2"


def test_where_loopback_has_one_address_only_the_system_chooses() -> None:
    dealer = LoopbackBlocks(4, Share())
    assert dealt(dealer, 2) == [None, "127.0.0.2"]
    assert dealer.refused()
    assert set(dealt(dealer, 10)) == {None}
    assert not dealer.exhausted()


def test_only_ipv4_loopback_is_spread_unasked() -> None:
    sources = Sources(Share(), ports=4)
    assert {sources.towards(socket.AF_INET, "192.0.2.1", ()).deal() for _ in range(9)} == {None}
    assert {sources.towards(socket.AF_INET6, "::1", ()).deal() for _ in range(9)} == {None}
    loopback = {sources.towards(socket.AF_INET, "127.0.0.1", ()).deal() for _ in range(3)}
    assert loopback == ({None, "127.0.0.2", "127.0.0.3"} if sys.platform == "linux" else {None})
    assert {sources.towards(socket.AF_INET, "127.0.0.1", ("127.0.0.1",)).deal() for _ in range(9)} == {"127.0.0.1"}


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_port_is_chosen_by_connect_and_not_by_bind(family: int, address: str) -> None:
    with socket.socket(family) as bound:
        try:
            bind_source(bound, address)
        except OSError:
            pytest.skip(f"this machine has no {address}")
        assert bound.getsockname()[0] == address
        assert (bound.getsockname()[1] == 0) == (sys.platform == "linux")


def test_an_address_of_nobody_cannot_be_bound() -> None:
    with socket.socket() as bound, pytest.raises(OSError, match=r".") as caught:
        bind_source(bound, "192.0.2.1")  # RFC 5737: for documents only
    assert is_out_of_ports(caught.value)
    assert caught.value.errno == errno.EADDRNOTAVAIL


def test_this_machine_has_a_source_towards_itself() -> None:
    assert has_a_source(socket.AF_INET, ("127.0.0.1", 9))


def test_the_range_of_ports_is_read_and_a_usual_one_taken_where_there_is_none(tmp_path: Path) -> None:
    file = tmp_path / "range"
    assert ephemeral_ports(file) == 28_232
    file.write_text("1024\t65535\n")
    assert ephemeral_ports(file) == 64_512
    file.write_text("?")
    assert ephemeral_ports(file) == 28_232
