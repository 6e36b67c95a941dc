"""From a host's name to a connected TCP socket; names are resolved once per worker and remembered."""

from __future__ import annotations

import asyncio
import socket
from time import perf_counter_ns
from typing import Any, Protocol

from wavetank.errors import UserFailure

_Address = tuple[int, Any]  # family, and the address as `socket.connect` takes it
_REMEMBER_NS = 60 * 10**9


class Times(Protocol):
    """Where the time of each part is written, in ns."""

    dns: int
    tcp: int


class Addresses:
    """Connects to hosts by name.

    A load test opens thousands of connections to one name, and must not load the name server with it: an answer is
    kept for a minute. The address that worked last is tried first, so that `localhost` costs one attempt where
    only one of ::1 and 127.0.0.1 answers.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._known: dict[tuple[str, int], tuple[int, list[_Address]]] = {}

    async def connect(
        self, host: str, port: int, *, times: Times, timeout_s: float, local_address: str | None
    ) -> socket.socket:
        """A connected, non-blocking socket. Raises OSError of the last attempt, or UserFailure on a timeout."""
        begun_at = perf_counter_ns()
        addresses = await self._resolve(host, port)
        resolved_at = perf_counter_ns()
        times.dns = resolved_at - begun_at
        last_error: OSError | None = None
        for address in tuple(addresses):
            try:
                async with asyncio.timeout(timeout_s):
                    connected = await self._attempt(address, local_address)
            except TimeoutError:
                raise UserFailure("connect_timeout", f"{host}:{port} did not accept within {timeout_s:g} s") from None
            except OSError as error:
                last_error = error
                continue
            if address is not addresses[0]:
                addresses.remove(address)
                addresses.insert(0, address)
            times.tcp = perf_counter_ns() - resolved_at
            return connected
        raise last_error or OSError(f"{host} has no address")

    async def _attempt(self, address: _Address, local_address: str | None) -> socket.socket:
        family, destination = address
        attempt = socket.socket(family, socket.SOCK_STREAM)
        try:
            attempt.setblocking(False)
            if local_address is not None:
                attempt.bind((local_address, 0))
            await self._loop.sock_connect(attempt, destination)
        except BaseException:
            attempt.close()
            raise
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
