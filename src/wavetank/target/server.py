"""The reference target: the platform protocol on picows, made to hold 100,000 connections in one process.

`/ws` is the WebSocket endpoint, `/health` answers with JSON, every other path is 404. Pings are answered,
a close is answered with its own code, fragmented messages are joined. A binary message is answered with an
error, because the protocol is made of text. What RFC 6455 forbids ends the connection: 1002 (fragments out of
order, reserved bits), 1007 (text that is not UTF-8), 1009 (a message over the limit).
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from typing import Any, Final

from picows import (
    WSCloseCode,
    WSListener,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from wavetank.engine.worker.open_files import raise_open_file_limit
from wavetank.errors import RunError
from wavetank.target.client import MAX_MESSAGE_BYTES, Client
from wavetank.target.platform import Platform

GRACE_S: Final = 2.0
"""When the server stops, clients have so long to take their leave."""

# When thousands of connections come at once, one may wait long for its handshake to be read.
_HANDSHAKE_TIMEOUT_S: Final = 60.0
_READ_BUFFER_BYTES: Final = 1024
_LISTEN_BACKLOG: Final = 16_384


class Server:
    """A running reference target."""

    def __init__(self) -> None:
        self.platform = Platform()
        self._clients: set[Client] = set()
        self._nobody_left = asyncio.Event()
        self._nobody_left.set()
        self._listening: asyncio.Server | None = None

    @property
    def authority(self) -> str:
        """Where it listens, as `host:port`; of several addresses the first. Raises RunError if nowhere."""
        if self._listening is None or not self._listening.sockets:
            raise RunError("The reference target does not listen.")
        host, port = self._listening.sockets[0].getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def listen(self, host: str, port: int, *, share_port: bool = False) -> None:
        """Begins to listen; with `share_port`, beside other processes that do so on the same port.

        Raises RunError when that address is not to be had.
        """
        # An adapter, because picows makes every connection a Logger of its own when it is given a Logger.
        logger: Any = logging.LoggerAdapter(logging.getLogger("wavetank.target"))
        try:
            self._listening = await ws_create_server(
                self._answer,
                host,
                port,
                websocket_handshake_timeout=_HANDSHAKE_TIMEOUT_S,
                logger_name=logger,
                max_frame_size=MAX_MESSAGE_BYTES,
                read_buffer_init_size=_READ_BUFFER_BYTES,
                # Measured: 13.6 KB a connection with aiofastnet, 8.3 KB without, at the same speed.
                use_aiofastnet=False,
                backlog=_LISTEN_BACKLOG,
                reuse_port=share_port or None,
            )
        except OSError as error:
            raise RunError(why_not_listening(host, port, error)) from error

    async def close(self) -> None:
        """Stops listening, says goodbye (1001) to every client, and cuts off those who do not answer."""
        if self._listening is not None:
            self._listening.close()
        for client in tuple(self._clients):
            client.close(WSCloseCode.GOING_AWAY)
        try:
            await asyncio.wait_for(self._nobody_left.wait(), GRACE_S)
        except TimeoutError:
            for client in tuple(self._clients):
                client.cut()
            await self._nobody_left.wait()

    def joined(self, client: Client) -> None:
        """A client's connection is open."""
        self._clients.add(client)
        self._nobody_left.clear()

    def left(self, client: Client) -> None:
        """A client's connection is gone."""
        self._clients.discard(client)
        if not self._clients:
            self._nobody_left.set()

    def _answer(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener | None:
        path = request.path.partition(b"?")[0]
        if path == b"/ws":
            _allow_several_connection_options(request)
            return Client(self)
        if path == b"/health":
            response = WSUpgradeResponse.create_ok_response(
                self.platform.health(), {"Content-Type": "application/json"}
            )
            return WSUpgradeResponseWithListener(response, None)
        return None


async def serve(host: str = "127.0.0.1", port: int = 8000, *, share_port: bool = False) -> Server:
    """Starts the reference target on the running loop; port 0 takes a free one. `Server.close` ends it.

    With `share_port`, other processes may listen on the same port and take a part of the connections. The limit of
    open files is raised as far as the system allows. Raises RunError when it cannot listen.
    """
    raise_open_file_limit()
    server = Server()
    await server.listen(host, port, share_port=share_port)
    return server


def _allow_several_connection_options(request: WSUpgradeRequest) -> None:
    """Makes `Connection: keep-alive, Upgrade` (browsers, proxies) what picows knows: `Upgrade` alone."""
    options = ",".join(request.headers.getall("Connection", ())).lower().split(",")
    if "upgrade" in (option.strip() for option in options):
        request.headers["Connection"] = "Upgrade"


def why_not_listening(host: str, port: int, error: OSError) -> str:
    """Why the server cannot listen, and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use: stop what listens there, or choose another (0 is a free one)."
    if error.errno == errno.EACCES:
        return f"Port {port} of {host} is not allowed to this user: choose one above 1023."
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"{host} is not an address of this machine: use 127.0.0.1, or 0.0.0.0 for every address."
    return f"Cannot listen on port {port} of {host}: {error.strerror or error}."
