"""From a host's name to a connected TCP socket; names are resolved once per worker and remembered."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from contextlib import suppress
from time import perf_counter_ns
from typing import Any

from wavetank.engine.connecting.sources import Dealer, Sources, bind_source, has_a_source, is_out_of_ports
from wavetank.engine.connecting.times import ConnectTimes
from wavetank.errors import UserFailure
from wavetank.plan.arrivals import Share

_Address = tuple[int, Any]  # family, and the address as `socket.connect` takes it
_REMEMBER_NS = 60 * 10**9
_TRIES = 4
"""How many source addresses one connect tries. To find that one has no port left costs almost a millisecond."""


class Addresses:
    """Connects to hosts by name.

    A load test opens thousands of connections to one name, and must not load the name server with it: an answer is
    kept for a minute. The address that worked last is tried first, so that `localhost` costs one attempt where
    only one of ::1 and 127.0.0.1 answers.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, share: Share) -> None:
        """`share`: which worker this is, so that workers use source addresses alike."""
        self._loop = loop
        self._sources = Sources(share)
        self._known: dict[tuple[str, int], tuple[int, list[_Address]]] = {}

    async def connect(
        self, host: str, port: int, *, times: ConnectTimes, timeout_s: float, local_addresses: tuple[str, ...]
    ) -> socket.socket:
        """A connected, non-blocking socket.

        Raises OSError of the last attempt, or UserFailure: `connect_timeout`, `no_free_port`, `host_unreachable`,
        `bad_local_address`.
        """
        begun_at = perf_counter_ns()
        addresses = await self._resolve(host, port)
        resolved_at = perf_counter_ns()
        times.dns = resolved_at - begun_at
        last_error: OSError | UserFailure | None = None
        for address in tuple(addresses):
            try:
                dealer = self._sources.towards(address[0], address[1][0], local_addresses)
            except ValueError as error:
                last_error = last_error or _without_source(error, host)
                continue
            try:
                connected = await self._attempt(address, dealer, timeout_s)
            except TimeoutError:
                raise UserFailure("connect_timeout", f"{host}:{port} did not accept within {timeout_s:g} s") from None
            except (OSError, UserFailure) as error:
                last_error = error
                continue
            if address is not addresses[0]:
                addresses.remove(address)
                addresses.insert(0, address)
            times.tcp = perf_counter_ns() - resolved_at
            return connected
        raise last_error or OSError(f"{host} has no address")

    async def _attempt(self, address: _Address, dealer: Dealer, timeout_s: float) -> socket.socket:
        """One connect, from another source address as long as the last one has no free port. Raises TimeoutError."""
        family, destination = address
        tries = 0
        while True:
            source = dealer.deal()
            attempt = socket.socket(family, socket.SOCK_STREAM)
            bound = False
            try:
                attempt.setblocking(False)
                if source is not None:
                    bind_source(attempt, source)
                    bound = True
                if not _connects_at_once(attempt, destination):
                    async with asyncio.timeout(timeout_s):
                        await self._loop.sock_connect(attempt, destination)
            except OSError as error:
                if error.errno == errno.EISCONN:  # done by now, as others than Linux say it
                    return attempt
                attempt.close()
                if not is_out_of_ports(error):
                    raise
                if source is not None and not bound and error.errno == errno.EADDRNOTAVAIL:
                    if not dealer.refused():
                        raise _not_ours(source) from error
                    continue
                tries += 1
                if not dealer.exhausted() or tries >= _TRIES:
                    raise _no_port(family, destination, source) from error
            except BaseException:
                attempt.close()
                raise
            else:
                return attempt

    async def _resolve(self, host: str, port: int) -> list[_Address]:
        known = self._known.get((host, port))
        now = perf_counter_ns()
        if known is not None and now - known[0] < _REMEMBER_NS:
            return known[1]
        found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses: list[_Address] = [(int(family), address) for family, _, _, _, address in found]
        self._known[host, port] = (now, addresses)
        return addresses


def _connects_at_once(attempt: socket.socket, destination: Any) -> bool:
    """Begin to connect; whether that is done already. Raises OSError.

    The system says "in progress" of a connect within the machine, too, which is done by the time that it says so. To
    wait for it all the same would take two more system calls and a turn of the loop.
    """
    with suppress(BlockingIOError):
        attempt.connect(destination)
        return True
    try:
        attempt.getpeername()
    except OSError:  # not yet, or in vain: whoever waits for it is told
        return False
    return True


def _without_source(error: ValueError, host: str) -> UserFailure:
    return UserFailure("bad_local_address", f"localAddress has {error}, and {host} has an address of no other kind")


def _not_ours(source: str) -> UserFailure:
    return UserFailure(
        "bad_local_address",
        f"{source} of localAddress is no address of this machine: add it (sudo ip address add {source} dev …), "
        "or leave it out",
    )


def _no_port(family: int, destination: Any, source: str | None) -> UserFailure:
    """What EADDRNOTAVAIL means when it is not for a source address that a script names."""
    peer = f"[{destination[0]}]" if family == socket.AF_INET6 else destination[0]
    if source is None and not has_a_source(family, destination):
        return UserFailure("host_unreachable", f"this machine has no address from which to reach {peer}")
    widen = (
        ", or widen the range of ports: sudo sysctl -w net.ipv4.ip_local_port_range='1024 65535'"
        if sys.platform == "linux"
        else ""
    )
    return UserFailure(
        "no_free_port",
        f"{source or 'this machine'} has no port left for another connection to {peer}:{destination[1]}: "
        f"name more addresses of this machine as config.ws.localAddress{widen}",
    )
