"""Connections without TLS and without a proxy: nothing stands between the socket and us."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from time import perf_counter_ns

from picows import WSParsedURL
from picows.url import parse_url

from wavetank.engine.clock.timers import Timers
from wavetank.engine.connecting.addresses import Addresses
from wavetank.engine.connecting.failures import as_failure
from wavetank.engine.connecting.subprotocol import agreed_subprotocol
from wavetank.engine.connecting.tcp.poller import Poller
from wavetank.engine.connecting.tcp.transport import TcpTransport
from wavetank.engine.connecting.tcp.upgrade import Upgrade
from wavetank.engine.connecting.times import ConnectTimes
from wavetank.engine.wire.connection import Connection
from wavetank.engine.wire.deflate import agree
from wavetank.errors import UserFailure
from wavetank.plan.steps import ConnectionOptions

_REMEMBERED = 1024


def is_straight(url: str, options: ConnectionOptions) -> bool:
    """Whether a connection is one for `StraightConnector`."""
    return url[:3].lower() == "ws:" and options.proxy is None and not options.max_redirects


class StraightConnector:
    """Opens connections for one worker. Only for Linux (see `Poller`)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, timers: Timers, addresses: Addresses) -> None:
        self._timers = timers
        self._addresses = addresses
        self._poller = Poller(loop, timers.departures)
        self._urls: dict[str, WSParsedURL] = {}

    def close(self) -> None:
        """Drop what is still open; no more connections can be opened."""
        self._poller.close()

    async def open(
        self, url: str, options: ConnectionOptions, headers: Mapping[str, str], times: ConnectTimes
    ) -> Connection:
        """Open a connection to `url`; its `times` are written down. Raises UserFailure, as `Connector.connect` does."""
        try:
            return await self._open(url, options, headers, times)
        except (UserFailure, asyncio.CancelledError):
            raise
        except Exception as error:
            raise as_failure(error, url, options) from error

    async def _open(
        self, url: str, options: ConnectionOptions, headers: Mapping[str, str], times: ConnectTimes
    ) -> Connection:
        parsed = self._parsed(url)
        budget_s = options.handshake_timeout_s
        connected = await self._addresses.connect(
            parsed.host, parsed.port, times=times, timeout_s=budget_s, local_addresses=options.local_addresses
        )
        upgrade = Upgrade(connected.fileno(), self._poller, parsed, headers)
        descriptor = connected.detach()  # it is the poller's from now on
        budget_ns = round(budget_s * 1e9)
        # On the grid, where users wake anyway: most of these timers are cancelled, and none is worth a wake-up.
        limit = self._timers.on_grid(perf_counter_ns() + budget_ns, budget_ns)
        timer = self._timers.at(limit, partial(upgrade.give_up, budget_s))
        try:
            upgrade.begin()
            answer = await upgrade.answer
            compression = agree(options.deflate, answer.all("sec-websocket-extensions"))
            subprotocol = agreed_subprotocol(options.subprotocols, answer.first("sec-websocket-protocol"))
        except BaseException:
            upgrade.drop()
            raise
        finally:
            timer.cancel()
        times.upgrade = answer.at - upgrade.begun_at
        connection = Connection(answer.at, options.max_message_bytes, options.close_timeout_s)
        connection.compression, connection.subprotocol = compression, subprotocol
        TcpTransport(descriptor, self._poller, connection, options.max_message_bytes, answer.behind)
        return connection

    def _parsed(self, url: str) -> WSParsedURL:
        """Raises WSInvalidURL."""
        parsed = self._urls.get(url)
        if parsed is None:
            parsed = parse_url(url)
            if len(self._urls) < _REMEMBERED:
                self._urls[url] = parsed
        return parsed
