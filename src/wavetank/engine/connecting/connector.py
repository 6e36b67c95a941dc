"""Opening connections: addresses, TLS, proxies and the upgrade, each timed and each failure named."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from time import perf_counter_ns
from typing import Any, cast

from picows import (
    WSParsedURL,
    WSUpgradeRequest,
    WSUpgradeResponse,
    ws_connect,
)

from wavetank.engine.clock.timers import Timers
from wavetank.engine.connecting.addresses import Addresses
from wavetank.engine.connecting.failures import as_failure, closed_early, peer_of
from wavetank.engine.connecting.listener import Listener
from wavetank.engine.connecting.subprotocol import agreed_subprotocol
from wavetank.engine.connecting.tcp.connector import StraightConnector, is_straight
from wavetank.engine.connecting.times import ConnectTimes
from wavetank.engine.wire.connection import Connection
from wavetank.engine.wire.deflate import agree, offer
from wavetank.errors import UserFailure
from wavetank.plan.arrivals import Share
from wavetank.plan.steps import ConnectionOptions


class _Headers(Mapping[str, str]):
    """Request headers that note the instant at which they are written.

    picows reads them when TCP and TLS stand and the upgrade request goes out: the one place from outside where the
    two can be told apart.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self.written_at = 0

    def __getitem__(self, key: str) -> str:
        return self._headers[key]

    def __iter__(self) -> Iterator[str]:
        self.written_at = perf_counter_ns()
        return iter(self._headers)

    def __len__(self) -> int:
        return max(1, len(self._headers))  # picows skips headers that are false


class Connector:
    """Opens connections for one worker; what can be shared between them (TLS context, addresses) is."""

    def __init__(self, loop: asyncio.AbstractEventLoop, timers: Timers, share: Share | None = None) -> None:
        """`share`: which worker this is, so that workers use source addresses alike."""
        self._loop = loop
        self._addresses = Addresses(loop, share or Share())
        self._contexts: dict[tuple[object, ...], ssl.SSLContext] = {}
        # An adapter, not a logger: for a logger picows builds a child logger for each connection.
        quiet = logging.getLogger("wavetank.picows")
        quiet.setLevel(logging.CRITICAL)
        quiet.propagate = False
        self._log = logging.LoggerAdapter(quiet, {})
        self._straight: StraightConnector | None = None
        if sys.platform == "linux":
            with suppress(OSError):  # no file descriptor left for one more thing
                self._straight = StraightConnector(loop, timers, self._addresses)

    def close(self) -> None:
        """Drop what is still open without TLS and proxies; no more connections can be opened."""
        if self._straight is not None:
            self._straight.close()

    async def connect(
        self, url: str, options: ConnectionOptions, headers: Mapping[str, str]
    ) -> tuple[Connection, ConnectTimes]:
        """Open a connection to `url`.

        Raises UserFailure; its kind is the metric's name: `connect_refused`, `connect_timeout`, `connect_reset`,
        `host_unreachable`, `dns_failed`, `tls_failed`, `proxy_failed`, `http_<status>`, `handshake_timeout`,
        `handshake_closed`, `handshake_invalid`, `too_many_open_files`, `no_free_port`, `bad_local_address`,
        `bad_url`, `connect_failed`.
        """
        times = ConnectTimes()
        wanted = self._request_headers(options, headers)
        if self._straight is not None and is_straight(url, options):
            return await self._straight.open(url, options, wanted, times), times
        request_headers = _Headers(wanted)
        opened: list[socket.socket] = []
        budget_s = options.handshake_timeout_s

        async def open_socket(parsed: WSParsedURL) -> socket.socket:
            connected = await self._addresses.connect(
                parsed.host, parsed.port, times=times, timeout_s=budget_s, local_addresses=options.local_addresses
            )
            opened.append(connected)
            return connected

        def listener(request: WSUpgradeRequest, response: WSUpgradeResponse) -> Listener:
            return Listener(Connection(perf_counter_ns(), options.max_message_bytes, options.close_timeout_s), response)

        begun_at = perf_counter_ns()
        extra: dict[str, Any] = {}
        if url[:4].lower() == "wss:":
            extra["ssl_handshake_timeout"] = budget_s
            if options.server_name:
                extra["server_hostname"] = options.server_name
        try:
            _, opened_listener = await ws_connect(
                listener,
                url,
                ssl_context=self._tls(options) if url[:4].lower() == "wss:" else None,
                websocket_handshake_timeout=budget_s,
                logger_name=self._log,
                max_frame_size=options.max_message_bytes,
                extra_headers=request_headers,
                max_redirects=options.max_redirects,
                proxy=options.proxy,
                read_buffer_init_size=1024,
                socket_factory=None if options.proxy else open_socket,
                # On uvloop aiofastnet never notices a reset that comes together with data: libuv drops its poll handle
                # after the one callback, and the user would wait for nothing. The loop's own transports do, and need
                # less memory.
                use_aiofastnet=False,
                **extra,
            )
        except asyncio.CancelledError:
            # picows leaves a half-open connection behind when it is cancelled; shutting the socket down, unlike
            # closing it, is safe while a transport still owns it.
            for connected in opened:
                _shut_down(connected)
            raise
        except UserFailure:
            raise
        except Exception as error:
            raise as_failure(error, url, options) from error
        if opened_listener is None:  # what picows gives when the socket was closed before the handshake was done
            raise closed_early(peer_of(url))
        listened = cast("Listener", opened_listener)
        connection, answered = listened.connection, listened.response.headers
        if request_headers.written_at and not options.proxy:
            times.upgrade = connection.opened_at - request_headers.written_at
            times.tls = request_headers.written_at - begun_at - times.dns - times.tcp if opened and extra else 0
        try:
            connection.compression = agree(options.deflate, answered.getall("Sec-WebSocket-Extensions", []))
            connection.subprotocol = agreed_subprotocol(options.subprotocols, answered.get("Sec-WebSocket-Protocol"))
        except UserFailure:
            connection.abort()
            raise
        return connection, times

    def _request_headers(self, options: ConnectionOptions, headers: Mapping[str, str]) -> dict[str, str]:
        wanted = dict(headers)
        if options.origin is not None:
            wanted["Origin"] = options.origin
        if options.subprotocols:
            wanted["Sec-WebSocket-Protocol"] = ", ".join(options.subprotocols)
        if options.deflate is not None:
            wanted["Sec-WebSocket-Extensions"] = offer(options.deflate)
        return wanted

    def _tls(self, options: ConnectionOptions) -> ssl.SSLContext:
        key = (options.verify, options.ca, options.cert, options.key, options.passphrase)
        context = self._contexts.get(key)
        if context is None:
            try:
                context = _tls_context(options)
            except (OSError, ssl.SSLError) as error:
                raise UserFailure("tls_failed", f"the TLS files cannot be used: {error}") from error
            self._contexts[key] = context
        return context


def _tls_context(options: ConnectionOptions) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.ca)
    if not options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if options.cert is not None:
        context.load_cert_chain(options.cert, options.key, options.passphrase)
    return context


def _shut_down(connected: socket.socket) -> None:
    with suppress(OSError):  # closed already
        connected.shutdown(socket.SHUT_RDWR)
