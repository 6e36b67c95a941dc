"""Addresses of the generator's own machine, as `localAddress` names them: one, or a range in CIDR notation."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AddressRange:
    """`count` consecutive addresses of IP `version` 4 or 6, from the number `first` on.

    `scope` is the interface of a link-local IPv6 address, with its `%`; it is empty for any other.
    """

    version: int
    first: int
    count: int
    scope: str = ""

    def __getitem__(self, index: int) -> str:
        """The text of an address. Raises IndexError beyond the range."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        number = self.first + index
        if self.version == 4:  # in a third of the time, and of a large range each connection takes another one
            return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        return f"{ipaddress.IPv6Address(number)}{self.scope}"


def address_range(text: str) -> AddressRange:
    """One address, or those of a CIDR range that a machine can have.

    A range leaves out the addresses of the network and of its broadcast (IPv4, up to /30), and the one of its routers
    (IPv6, up to /126). Raises ValueError, whose text goes on after "localAddress".
    """
    address, slash, length = text.strip().partition("/")
    try:
        single = ipaddress.ip_address(address)
    except ValueError:
        raise ValueError(f"{text!r} is no IP address and no range such as 10.0.0.0/24") from None
    if (single.is_unspecified and not slash) or single.is_multicast:
        raise ValueError(f"{text!r} is no address that a connection can come from")
    scope = getattr(single, "scope_id", None)
    if not slash:
        return AddressRange(single.version, int(single), 1, f"%{scope}" if scope else "")
    try:
        network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no range such as 10.0.0.0/24") from None
    if network.network_address != single:
        raise ValueError(f"{text!r} begins in the middle of a range; write {network}, or {address} alone")
    first, count = int(network.network_address), network.num_addresses
    if count > 2:
        kept = count - 2 if network.version == 4 else count - 1
        return AddressRange(network.version, first + 1, kept)
    return AddressRange(network.version, first, count)


def count_addresses(texts: Iterable[str], version: int | None = None) -> int:
    """How many addresses the texts name; with `version`, those of that IP version alone."""
    ranges = map(address_range, texts)
    return sum(one.count for one in ranges if version is None or one.version == version)
