"""The upgrade from HTTP to WebSocket (RFC 6455, 4.1) over a connected TCP socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from http import HTTPStatus
from time import perf_counter_ns
from typing import Final

from picows import WSParsedURL
from websockets.utils import accept_key, generate_key

from wavetank.engine.connecting.failures import closed_early, no_websocket, refused, too_slow, was_reset
from wavetank.engine.connecting.tcp.poller import Poller, Watcher
from wavetank.errors import UserFailure

_CHUNK: Final = 16_384
_LONGEST: Final = 65_536
_END: Final = b"\r\n\r\n"
_WANTED: Final = (("upgrade", "websocket"), ("connection", "upgrade"))


class Answer:
    """An answer that accepts, which came at the instant `at` (ns). `behind` is what came after its headers."""

    __slots__ = ("_headers", "at", "behind")

    def __init__(self, headers: dict[str, list[str]], behind: bytes, at: int) -> None:
        """`headers` by their names in small letters."""
        self._headers = headers
        self.behind = behind
        self.at = at

    def all(self, name: str) -> list[str]:
        """The values of all headers of that name, which is in small letters."""
        return self._headers.get(name, [])

    def first(self, name: str) -> str | None:
        """The value of the first header of that name, if any."""
        values = self._headers.get(name)
        return values[0] if values else None


class Upgrade(Watcher):
    """One upgrade. Once it has begun, `answer` is to be awaited.

    That raises UserFailure: `http_<status>`, `handshake_timeout`, `handshake_closed`, `handshake_invalid`,
    `connect_reset`.
    """

    __slots__ = ("_came", "_descriptor", "_key", "_path", "_peer", "_poller", "_unsent", "answer", "begun_at")

    def __init__(self, descriptor: int, poller: Poller, url: WSParsedURL, headers: Mapping[str, str]) -> None:
        """`descriptor` is that of a connected, non-blocking socket. `headers` go along with the request."""
        self._descriptor = descriptor
        self._poller = poller
        self._peer = url.netloc.rpartition("@")[2]
        self._path = url.path
        self._key = generate_key()
        self._came = b""
        self._unsent = _request(url.resource_name, self._peer, self._key, headers)
        self.answer: asyncio.Future[Answer] = poller.loop.create_future()
        self.begun_at = 0

    def begin(self) -> None:
        """Send the request. The socket is the poller's from now on. Raises OSError where that watches no more."""
        self._poller.watch(self._descriptor, self)
        self.begun_at = perf_counter_ns()
        self.writable()

    def give_up(self, after_s: float) -> None:
        """It has taken too long."""
        self._fail(too_slow(self._peer, after_s))

    def drop(self) -> None:
        """Close the socket."""
        self._poller.drop(self._descriptor)

    def writable(self) -> None:
        """See `Watcher`."""
        try:
            self._unsent = self._unsent[os.write(self._descriptor, self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # whoever reads learns of it
            self._unsent = b""
        self._poller.watch_writing(self._descriptor, bool(self._unsent))

    def readable(self) -> None:
        """See `Watcher`."""
        if self.answer.done():
            return
        try:
            came = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self._fail(was_reset(self._peer))
            return
        at = perf_counter_ns()
        if not came:
            self._fail(closed_early(self._peer))
            return
        self._came += came
        head, end, behind = self._came.partition(_END)
        if end:
            self._judge(head.decode("latin-1"), behind, at)
        elif len(self._came) > _LONGEST:
            self._invalid(f"more than {_LONGEST:,} bytes of headers")

    def _judge(self, head: str, behind: bytes, at: int) -> None:
        first, *lines = head.split("\r\n")
        version, _, rest = first.partition(" ")
        status, _, phrase = rest.partition(" ")
        if version.upper() != "HTTP/1.1" or not (len(status) == 3 and status.isascii() and status.isdigit()):
            self._invalid(f"its first line is {first[:80]!r}")
            return
        if status != "101":
            self._fail(refused(self._peer, self._path, int(status), phrase or _usual_phrase(int(status))))
            return
        headers: dict[str, list[str]] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                self._invalid(f"{line[:80]!r} is no header")
                return
            headers.setdefault(name.lower(), []).append(value.strip())
        for name, wanted in _WANTED:
            if wanted not in [each.strip() for each in ",".join(headers.get(name, [])).lower().split(",")]:
                self._invalid(f"its {name.title()} header is not {wanted!r}")
                return
        if headers.get("sec-websocket-accept") != [accept_key(self._key)]:
            self._invalid("its Sec-WebSocket-Accept header does not belong to the request")
            return
        if self._unsent:
            self._invalid("it accepted a request that it had not heard to its end")
            return
        self.answer.set_result(Answer(headers, behind, at))

    def _invalid(self, what: str) -> None:
        self._fail(no_websocket(self._peer, what))

    def _fail(self, failure: UserFailure) -> None:
        if not self.answer.done():
            self.answer.set_exception(failure)


def _request(resource: str, host: str, key: str, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"GET {resource} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _END


def _usual_phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return ""
