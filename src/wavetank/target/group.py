"""Several processes of the reference target behind one port, so that it has more than one core.

Each of them listens with SO_REUSEPORT, and the system spreads connections over them by their addresses: about evenly,
and each connection stays where it is. They share no state: a channel, and what `/health` counts, is of one process.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from wavetank.errors import RunError
from wavetank.target.launch import START_TIMEOUT_S, STOP_TIMEOUT_S, announced, command
from wavetank.target.server import why_not_listening

SHARES_PORTS: Final = sys.platform == "linux"
"""Whether this system spreads connections over the processes that share a port. macOS gives all to one of them."""


class Group:
    """Start it with `start`, end it with `close`. `nobody_left` is set once every process has died."""

    def __init__(self, size: int, on_loss: Callable[[str], None]) -> None:
        """`size` is the number of processes; `on_loss` is told, in a sentence, when one of them dies."""
        self.nobody_left = asyncio.Event()
        self._size = size
        self._on_loss = on_loss
        self._processes: dict[int, Process] = {}
        self._watches: list[asyncio.Task[None]] = []
        self._reservation: socket.socket | None = None

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The system's numbers of the processes that live."""
        return tuple(process.pid for process in self._processes.values())

    async def start(self, host: str, port: int) -> str:
        """Starts the processes, and returns the `host:port` on which all of them listen; port 0 takes a free one.

        Raises RunError where that address is not to be had, where a process does not come up, and where the system
        cannot share a port.
        """
        if not SHARES_PORTS:
            raise RunError(
                "Several processes cannot share a port on this system, only on Linux: start the target with one worker."
            )
        try:
            self._reservation = await _reserve(host, port)
        except OSError as error:
            raise RunError(why_not_listening(host, port, error)) from error
        port = self._reservation.getsockname()[1]
        try:
            for index in range(self._size):
                self._processes[index] = await asyncio.create_subprocess_exec(
                    *command(host, port, "--share-port"),
                    stdin=PIPE,
                    stdout=PIPE,
                    # Ctrl-C in the terminal is for us: they are to say goodbye to their clients when we say so.
                    start_new_session=True,
                )
            listening = [await self._listens(index, process) for index, process in self._processes.items()]
        except BaseException as error:
            await self.close()
            if isinstance(error, OSError):
                raise RunError(f"The reference target could not be started: {error}.") from error
            raise
        self._watches = [asyncio.create_task(self._watch(*entry)) for entry in self._processes.items()]
        return listening[0]

    async def close(self) -> None:
        """Ends all processes, each of which takes leave of its clients, and waits until they are gone."""
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*(_end(process) for process in self._processes.values()))
        self._processes.clear()
        if self._reservation is not None:
            self._reservation.close()
            self._reservation = None

    async def _listens(self, index: int, process: Process) -> str:
        assert process.stdout is not None
        who = f"Process {index + 1} of {self._size} of the reference target"
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_TIMEOUT_S)
        except TimeoutError:
            raise RunError(f"{who} did not say within {START_TIMEOUT_S:g} s where it listens.") from None
        authority = announced(line)
        if authority is None:
            raise RunError(f"{who} {_end_of(await process.wait())} before it listened.")
        return authority

    async def _watch(self, index: int, process: Process) -> None:
        code = await process.wait()
        del self._processes[index]
        left = len(self._processes)
        rest = f"the other {left} serve on" if left > 1 else "the other one serves on" if left else "nobody is left"
        self._on_loss(
            f"Process {index + 1} of {self._size} of the reference target {_end_of(code)}: its connections are lost, "
            f"and {rest}."
        )
        if not left:
            self.nobody_left.set()


async def _reserve(host: str, port: int) -> socket.socket:
    """A socket that holds the port for those who share it, without listening. Raises OSError where it is taken."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    # Those who share ports would also share with a stranger who does: first it must be had alone.
    with socket.socket(family, kind, protocol) as alone:
        _bind(alone, address)
        address = alone.getsockname()
    reservation = socket.socket(family, kind, protocol)
    try:
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _bind(reservation, address)
    except OSError:
        reservation.close()
        raise
    return reservation


def _bind(listener: socket.socket, address: tuple[object, ...]) -> None:
    # As asyncio does it, else old connections in TIME_WAIT would keep the port.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if listener.family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind(address)


async def _end(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _end_of(code: int) -> str:
    """What the return code of a process says."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"was killed by signal {-code}"
