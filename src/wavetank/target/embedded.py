"""The reference target for the length of a run, in a process of its own."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import tempfile
import threading
from types import TracebackType
from typing import IO, Self

from wavetank.errors import RunError
from wavetank.target.launch import START_TIMEOUT_S, STOP_TIMEOUT_S, announced, command


class EmbeddedTarget:
    """Starts the reference target on a free port of 127.0.0.1 when entered, and stops it when left.

        with EmbeddedTarget() as target:
            run(plan, target.url)

    The process is in a group of its own, so that Ctrl-C in the terminal, which is meant for the run, does not
    end it under the run's feet. It ends by itself when this process is gone, however that happens.
    """

    def __init__(self, workers: int = 1) -> None:
        """`workers` is the number of processes that it serves with; several need Linux (`target.group`)."""
        self._command = command("127.0.0.1", 0, "--workers", str(workers))
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Where it listens, as `ws://127.0.0.1:<port>`, without a path."""
        if not self._url:
            raise RunError("The reference target has not been started.")
        return self._url

    @property
    def process_id(self) -> int:
        """The system's number of the target's process; of several, the one that looks after them."""
        if self._process is None:
            raise RunError("The reference target has not been started.")
        return self._process.pid

    def __enter__(self) -> Self:
        """Raises RunError, with what the target wrote to stderr, when it does not come up."""
        # A file, not a pipe: nobody would read the pipe during the run, and a full pipe blocks the writer.
        self._complaints = tempfile.TemporaryFile()
        try:
            self._process = self._start(self._complaints)
            self._url = self._listens_at(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the target and waits for it to be gone. Harmless when it is not running."""
        process, self._process, self._url = self._process, None, ""
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            # Only now: to close a pipe waits for the thread that may still be reading from it.
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        if self._complaints is not None:
            self._complaints.close()
            self._complaints = None

    def _start(self, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            if sys.platform == "win32":
                return subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
                )
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                start_new_session=True,
            )
        except OSError as error:
            raise RunError(f"The reference target could not be started: {error}.") from error

    def _listens_at(self, process: subprocess.Popen[bytes]) -> str:
        line = _first_line(process, START_TIMEOUT_S)
        authority = announced(line or b"")
        if authority is not None:
            return f"ws://{authority}"
        reason = f"did not say within {START_TIMEOUT_S:g} s where it listens"
        if line is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_TIMEOUT_S)
            reason = f"ended with exit code {process.returncode}"
        raise RunError(f"The reference target could not be started: it {reason}. {self._said()}".rstrip())

    def _said(self) -> str:
        """The end of what the target wrote to stderr."""
        if self._complaints is None:
            return ""
        self._complaints.seek(0)
        return self._complaints.read().decode(errors="replace").strip()[-2000:]


def _first_line(process: subprocess.Popen[bytes], timeout_s: float) -> bytes | None:
    """What the process writes first; empty if it ends without a word, None if it takes longer than that.

    A thread waits for it, because Windows cannot wait for a pipe with a timeout.
    """
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    output = process.stdout
    if output is None:
        return b""
    threading.Thread(target=lambda: lines.put(output.readline()), name="target", daemon=True).start()
    try:
        return lines.get(timeout=timeout_s)
    except queue.Empty:
        return None
