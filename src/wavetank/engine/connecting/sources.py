"""From which address of this machine a connection comes.

One address has as many connections to one server as there are ephemeral ports: 28,232 on Linux as it comes. And long
before that they get dear: connect() looks at every second port first, so once half of them are in use, each connect
searches thousands of ports in vain (ten times the cost with 6,000 ports).
"""

from __future__ import annotations

import errno
import socket
import sys
from abc import ABC, abstractmethod
from bisect import bisect_right
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Any

from wavetank.plan.arrivals import Share
from wavetank.plan.local_addresses import address_range

LOOPBACK_ADDRESSES = 254
"""Over how many addresses, from 127.0.0.1 on, connections to a loopback address are spread."""

EPHEMERAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_PORTS = 28_232

# Linux 4.2 and newer, <linux/in.h>. Python knows the name from 3.14 on only.
_IP_BIND_ADDRESS_NO_PORT = 24


class Dealer(ABC):
    """Deals out source addresses, one for each connection."""

    @abstractmethod
    def deal(self) -> str | None:
        """The next one; None leaves the choice to the system."""

    @abstractmethod
    def exhausted(self) -> bool:
        """Told that the last one has no free port. Whether it is worth while to ask for another one."""

    @abstractmethod
    def refused(self) -> bool:
        """Told that the last one is none of this machine's. Whether it can do without."""


class NoSource(Dealer):
    """The system chooses."""

    def deal(self) -> str | None:
        """Nothing."""
        return None

    def exhausted(self) -> bool:
        """There is nothing else."""
        return False

    def refused(self) -> bool:
        """Cannot be."""
        return False


class RoundRobin(Dealer):
    """Deals the addresses that a script names in turn.

    Worker i of n takes the addresses i, i + n, i + 2n, …, as though there were but one worker: all are used alike, and
    workers keep to addresses of their own where there are enough of them for that to come out even.
    """

    def __init__(self, texts: tuple[str, ...], version: int, share: Share) -> None:
        """Of `texts`, those of IP `version` count. Raises ValueError where there is none."""
        self._ranges = [one for one in map(address_range, texts) if one.version == version]
        if not self._ranges:
            raise ValueError(f"no IPv{version} address")
        self._ends = list(accumulate(one.count for one in self._ranges))
        self._count = self._ends[-1]
        self._next, self._step = share.index % self._count, share.of
        # Formatting an address takes longer than all the rest; nobody has so many that the texts would weigh.
        self._texts: dict[int, str] = {}

    def deal(self) -> str:
        """The next address."""
        index = self._next
        self._next = (index + self._step) % self._count
        text = self._texts.get(index)
        if text is None:
            at = bisect_right(self._ends, index)
            text = self._ranges[at][index - (self._ends[at - 1] if at else 0)]
            if len(self._texts) < 65_536:
                self._texts[index] = text
        return text

    def exhausted(self) -> bool:
        """Others may have ports yet."""
        return self._count > 1

    def refused(self) -> bool:
        """A script that asks for an address is not to be carried out from another one."""
        return False


class LoopbackBlocks(Dealer):
    """Deals 127.0.0.1 to a block of connections, 127.0.0.2 to the next, and so on around.

    All workers pass from one address to the next together. The first block leaves the choice to the system, so that
    a run of a few thousand connections is nothing special to the server.
    """

    def __init__(self, ports: int, share: Share) -> None:
        """`ports`: how many one address has. A quarter of them is a block: cheap, with room for those that linger."""
        self._block = max(1, ports // 4)
        self._step = share.of
        self._dealt = share.index
        self._spreads = True

    def deal(self) -> str | None:
        """The next address."""
        number = self._dealt // self._block % LOOPBACK_ADDRESSES
        self._dealt += self._step
        return f"127.0.0.{number + 1}" if number and self._spreads else None

    def exhausted(self) -> bool:
        """Passes to the next address."""
        self._dealt += self._block
        return self._spreads

    def refused(self) -> bool:
        """Loopback has one address only after all: the system chooses from now on."""
        self._spreads = False
        return True


class Sources:
    """The source addresses of one worker."""

    def __init__(self, share: Share, ports: int | None = None) -> None:
        """`ports`: how many one address has; None asks the system."""
        self._share = share
        self._ports = ephemeral_ports() if ports is None else ports
        self._dealers: dict[tuple[int, bool, tuple[str, ...]], Dealer] = {}
        self._none = NoSource()

    def towards(self, family: int, host: str, wanted: tuple[str, ...]) -> Dealer:
        """Who deals the sources of connections to the address `host`; `wanted` are the script's, or none.

        Raises ValueError where the script names addresses, and none of this family.
        """
        spreads = not wanted and sys.platform == "linux" and family == socket.AF_INET and host.startswith("127.")
        if not wanted and not spreads:
            return self._none
        key = (family, spreads, wanted)
        dealer = self._dealers.get(key)
        if dealer is None:
            if wanted:
                dealer = RoundRobin(wanted, 6 if family == socket.AF_INET6 else 4, self._share)
            else:
                dealer = LoopbackBlocks(self._ports, self._share)
            self._dealers[key] = dealer
        return dealer


def bind_source(unconnected: socket.socket, source: str) -> None:
    """Has the socket's connection come from `source`. The port is chosen by connect(). Raises OSError.

    Where bind() chose it, it would be one that no other connection has, to whatever server.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # a kernel that is older than the option still binds
            unconnected.setsockopt(socket.SOL_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
    unconnected.bind((source, 0))


def is_out_of_ports(error: OSError) -> bool:
    """Whether connect() or bind() failed because an address has no free port; for connect(), see `has_a_source`."""
    return error.errno in (errno.EADDRNOTAVAIL, errno.EADDRINUSE)


def has_a_source(family: int, destination: Any) -> bool:
    """Whether this machine has any address to reach `destination` from. Nothing is sent.

    connect() fails with EADDRNOTAVAIL for want of an address just as for want of a port. A UDP socket, whose ports are
    others, tells the two apart.
    """
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(destination)
        except OSError as error:
            return error.errno != errno.EADDRNOTAVAIL
    return True


def ephemeral_ports(file: Path = EPHEMERAL_PORTS) -> int:
    """How many ports one address has for outgoing connections; Linux's usual number where the system does not tell."""
    try:
        low, high = map(int, file.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return _USUAL_PORTS
    return high - low + 1


def is_own_address(address: str) -> bool:
    """Whether connections of this machine can come from an address, given as a number. Nothing is sent."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        return error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    return True
