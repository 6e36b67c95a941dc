"""An ASGI application, served for the length of a test."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import traceback
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import uvicorn

from wavetank.engine.worker.loop import new_event_loop
from wavetank.engine.worker.open_files import raise_open_file_limit
from wavetank.errors import RunError

_PATIENCE_S = 30.0
"""How long an application may take to start, and to shut down."""

_GRACE_S = 5
"""How long its connections may take to end when it shuts down."""

_LOGGERS = ("uvicorn.error", "uvicorn.access", "uvicorn.asgi")

Message = MutableMapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]


class ServedApplication:
    """Serves an application with uvicorn, in a thread, on a free port of 127.0.0.1: from `start` until `stop`.

    What the application and uvicorn have to say from a warning up goes to the loggers of uvicorn, and so to what pytest
    shows of a test that failed.
    """

    def __init__(self, application: Application) -> None:
        self._watched = _Watched(application)
        self._levels = {name: logging.getLogger(name).level for name in _LOGGERS}
        protocols: Mapping[str, object] = uvicorn.config.WS_PROTOCOLS
        config = uvicorn.Config(
            self._watched,
            # What `auto` chose before it became this one warns of being deprecated, which pytest may make an error.
            ws="websockets-sansio" if "websockets-sansio" in protocols else "auto",
            lifespan="auto",
            log_config=None,
            log_level="warning",
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._settled = threading.Event()
        self._server = _Server(config, self._settled.set)
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="wavetank-application", daemon=True)
        self._error: BaseException | None = None

    @property
    def url(self) -> str:
        """Where it listens, as `ws://127.0.0.1:<port>`."""
        if self._socket is None:
            raise RunError("the application is not being served")
        return f"ws://127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        """Starts it, and waits until it listens. Raises RunError with what its startup raised."""
        __tracebackhide__ = True
        # Each user of a run needs one here, and a process begins with 1024 as a rule.
        raise_open_file_limit()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread.start()
        if not self._settled.wait(_PATIENCE_S):
            self.stop()
            raise RunError(f"the application did not start within {_PATIENCE_S:g} s")
        if not self._server.started:
            self._thread.join(_PATIENCE_S)
            self._end()
            raise RunError(f"the application could not be started:\n{self._watched.complaint or self._told()}")

    def stop(self) -> None:
        """Ends it as a signal would, and waits for that. Raises RunError where its shutdown fails, or does not end."""
        self._server.should_exit = True
        self._thread.join(_PATIENCE_S)
        self._end()
        if self._thread.is_alive():
            raise RunError(f"the application did not shut down within {_PATIENCE_S:g} s")
        if self._watched.complaint:
            raise RunError(f"the application could not be shut down:\n{self._watched.complaint}")

    def _serve(self) -> None:
        # By itself uvicorn would change the event loop policy of the whole process, in some versions.
        try:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(self._live())
        except Exception as error:  # nobody else is there to hear of it
            self._error = error
        finally:
            self._settled.set()

    async def _live(self) -> None:
        assert self._socket is not None
        try:
            await self._server.serve([self._socket])
        except SystemExit as error:  # that is how uvicorn ends where the startup fails
            self._error = error

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.close()
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)

    def _told(self) -> str:
        return "".join(traceback.format_exception_only(self._error)).strip() if self._error else "it ended at once"


class _Server(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()


class _Watched:
    """An application, and what goes wrong in its startup and shutdown, which uvicorn would only log."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.complaint = ""

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._application(scope, receive, send)
            return

        async def listen(message: Message) -> None:
            if message["type"].endswith(".failed"):
                self.complaint = str(message.get("message") or "it did not say why")
            await send(message)

        await self._application(scope, receive, listen)
