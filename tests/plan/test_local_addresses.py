"""The addresses of `localAddress`."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.plan.local_addresses import address_range, count_addresses


@pytest.mark.parametrize(
    ("text", "first", "last", "count"),
    [
        ("10.0.0.7", "10.0.0.7", "10.0.0.7", 1),
        (" 10.0.0.7 ", "10.0.0.7", "10.0.0.7", 1),
        ("10.0.0.0/24", "10.0.0.1", "10.0.0.254", 254),
        ("10.0.0.4/30", "10.0.0.5", "10.0.0.6", 2),
        ("10.0.0.4/31", "10.0.0.4", "10.0.0.5", 2),
        ("10.0.0.4/32", "10.0.0.4", "10.0.0.4", 1),
        ("::1", "::1", "::1", 1),
        ("fd00::/126", "fd00::1", "fd00::3", 3),
        ("fd00::2/127", "fd00::2", "fd00::3", 2),
        ("fe80::5%eth0", "fe80::5%eth0", "fe80::5%eth0", 1),
        ("fd00::/64", "fd00::1", "fd00::ffff:ffff:ffff:ffff", 2**64 - 1),
    ],
)
def test_an_address_or_a_range_stands_for_addresses_that_a_machine_can_have(
    text: str, first: str, last: str, count: int
) -> None:
    addresses = address_range(text)
    assert (addresses[0], addresses[count - 1], addresses.count) == (first, last, count)
    with pytest.raises(IndexError):
        addresses[count]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("eth0", "'eth0' is no IP address and no range such as 10.0.0.0/24"),
        ("", "'' is no IP address and no range such as 10.0.0.0/24"),
        ("10.0.0.0/33", "'10.0.0.0/33' is no range such as 10.0.0.0/24"),
        ("10.0.0.0/", "'10.0.0.0/' is no range such as 10.0.0.0/24"),
        ("10.0.0.5/24", "'10.0.0.5/24' begins in the middle of a range; write 10.0.0.0/24, or 10.0.0.5 alone"),
        ("0.0.0.0", "'0.0.0.0' is no address that a connection can come from"),
        ("224.0.0.1", "'224.0.0.1' is no address that a connection can come from"),
    ],
)
def test_anything_else_is_told_what_is_wrong_with_it(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        address_range(text)
    assert str(caught.value) == message


@given(st.integers(0, 2**32 - 1), st.integers(20, 32))
def test_a_range_holds_what_the_standard_library_calls_its_hosts(number: int, length: int) -> None:
    network = ipaddress.ip_network((number, length), strict=False)
    try:
        addresses = address_range(str(network))
    except ValueError:
        assert network.is_multicast
        return
    assert [addresses[index] for index in range(addresses.count)] == [str(host) for host in network.hosts()]


def test_addresses_are_counted_by_version() -> None:
    texts = ("10.0.0.0/30", "10.0.1.1", "fd00::1")
    assert [count_addresses(texts), count_addresses(texts, 4), count_addresses(texts, 6)] == [4, 3, 1]
    assert count_addresses(()) == 0
