"""A wire with ears between the client and a server: what was really agreed on, and how much was really sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.system.servers.raw import Handler, Peer


@dataclass
class Heard:
    """What went over one connection: the extensions offered and chosen, and the bytes each way after the handshake."""

    offered: str = ""
    extensions: str = ""
    to_server: int = 0
    to_client: int = 0


def extensions(head: bytes) -> str:
    """The Sec-WebSocket-Extensions of a request or an answer."""
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "sec-websocket-extensions":
            return value.strip()
    return ""


def relay(port: int, results: list[Heard]) -> Handler:
    """Passes connections on to a port of 127.0.0.1."""

    async def handle(peer: Peer) -> None:
        heard = Heard()
        results.append(heard)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = await peer.reader.readuntil(b"\r\n\r\n")
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        heard.offered, heard.extensions = extensions(request), extensions(answer)
        peer.writer.write(answer)

        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
            while data := await reader.read(2**16):
                setattr(heard, way, getattr(heard, way) + len(data))
                writer.write(data)
                await writer.drain()
            writer.write_eof()

        try:
            await asyncio.gather(listen(peer.reader, writer, "to_server"), listen(reader, peer.writer, "to_client"))
        finally:
            writer.close()

    return handle
