"""One worker of a local fleet, seen from its coordinator: a process, the pipes to it, and what is known of it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from time import monotonic
from typing import Final

from wavetank.errors import RunError
from wavetank.execution.fleets.channel import HEAD_LENGTH, Word, packed, unpacked_head

_COMMAND: Final = (sys.executable, "-P", "-m", "wavetank.execution.fleets.process")
# -P: what lies in the current folder is not imported in place of the library's modules.

_PATIENCE_S = 5.0
"""How long a worker whose pipe is closed may take to leave before it is killed."""


class Member:
    """A worker's process. `index` is its place among the workers of the run."""

    def __init__(self, index: int, process: Process) -> None:
        self.index = index
        self.active = 0
        """Users under way, as it last told."""
        self.last_ns = 0
        """How far it has measured: nanoseconds from the run's start."""
        self.gathered = False
        self.ending = False
        """All its users have ended."""
        self.ended = False
        self.lost = False
        self.heard_at = monotonic()
        """When it last said something, in seconds of the monotonic clock."""
        self._process = process

    @classmethod
    async def start(cls, index: int) -> Member:
        """Start a worker's process. Raises RunError where the system does not let us."""
        try:
            if sys.platform == "win32":
                process = await asyncio.create_subprocess_exec(
                    *_COMMAND,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
                )
            else:
                # In a session of its own: Ctrl-C in the terminal is meant for the run, not for its workers.
                process = await asyncio.create_subprocess_exec(
                    *_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
                )
        except OSError as error:
            raise RunError(f"worker {index} could not be started: {error.strerror or error}") from error
        return cls(index, process)

    @property
    def process_id(self) -> int:
        """The system's number of the process."""
        return self._process.pid

    @property
    def silent_s(self) -> float:
        """For how many seconds it has said nothing."""
        return monotonic() - self.heard_at

    def tell(self, word: Word, body: bytes = b"") -> None:
        """Send it a message. One that is gone hears nothing: that comes out where it is listened to."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.is_closing():
            with suppress(OSError, RuntimeError):  # RuntimeError: the loop's transport is closed already
                stdin.write(packed(word, body))

    async def hear(self) -> tuple[Word, bytes]:
        """Its next message. Raises EOFError when there will be none any more."""
        stdout = self._process.stdout
        assert stdout is not None  # it was asked for at the start
        try:
            word, length = unpacked_head(await stdout.readexactly(HEAD_LENGTH))
            body = await stdout.readexactly(length)
        except (asyncio.IncompleteReadError, OSError, ValueError) as error:
            raise EOFError from error
        self.heard_at = monotonic()
        return word, body

    async def how_it_ended(self) -> str:
        """What became of the process after its pipe was closed, as the end of a sentence: "was killed (SIGKILL)"."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                code = await self._process.wait()
        except TimeoutError:
            self.kill()
            return "closed its pipe and hung"
        if code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"was killed ({signal.Signals(-code).name})"
        except ValueError:
            return f"was killed (signal {-code})"

    def kill(self) -> None:
        """End the process at once. Safe to call when it is gone."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def leave(self) -> None:
        """Let it go: close the pipe to it, and see to it that the process ends."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()
