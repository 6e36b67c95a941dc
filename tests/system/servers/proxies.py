"""Proxies made of bytes: HTTP CONNECT and SOCKS5, each just enough for one tunnel."""

from __future__ import annotations

import asyncio
import struct

from tests.system.servers.raw import Handler, Peer


def connect_proxy(results: list[object]) -> Handler:
    """An HTTP proxy that notes the request lines and Proxy-Authorization headers, and makes the tunnels."""

    async def handle(peer: Peer) -> None:
        line = (await peer.request()).decode()
        results.append((line, peer.headers.get("proxy-authorization")))
        host, _, port = line.split()[1].rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await tunnel(peer, reader, writer)

    return handle


def socks5_proxy(results: list[object]) -> Handler:
    """A SOCKS5 proxy (RFC 1928) without authentication that notes where it was asked to connect to."""

    async def handle(peer: Peer) -> None:
        _, methods = await peer.reader.readexactly(2)
        assert 0 in await peer.reader.readexactly(methods)
        await peer.send(b"\x05\x00")
        version, command, _, kind = await peer.reader.readexactly(4)
        assert (version, command) == (5, 1)
        if kind == 1:
            host = ".".join(str(byte) for byte in await peer.reader.readexactly(4))
        else:
            assert kind == 3
            host = (await peer.reader.readexactly((await peer.reader.readexactly(1))[0])).decode()
        (port,) = struct.unpack("!H", await peer.reader.readexactly(2))
        results.append((host, port))
        reader, writer = await asyncio.open_connection(host, port)
        await peer.send(b"\x05\x00\x00\x01" + bytes(6))
        await tunnel(peer, reader, writer)

    return handle


async def refuse(peer: Peer) -> None:
    """An HTTP proxy that lets nobody through."""
    await peer.request()
    await peer.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


async def talk_nonsense(peer: Peer) -> None:
    """Something that is no proxy at all."""
    await peer.request()
    await peer.send(b"hello there\r\n\r\n")


async def tunnel(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes both ways until one side ends."""
    ways = {
        asyncio.create_task(carry(peer.reader, writer)),
        asyncio.create_task(carry(reader, peer.writer)),
    }
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        writer.close()


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way."""
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()
