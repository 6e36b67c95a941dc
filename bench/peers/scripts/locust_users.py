"""The users of `bench.peers.locust`, written as Locust's documentation says for protocols that it does not know.

This folder has no module named like Locust itself: Locust puts the folder of its users first on the path.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from locust import User, events, task
from locust.exception import StopUser
from locust.runners import WorkerRunner
from websocket import WebSocketException, create_connection


class Window:
    """The seconds that count; what happens outside of them goes by other names."""

    def __init__(self, connect_s: float, seconds: float) -> None:
        self._begin = time.perf_counter() + connect_s
        self._end = self._begin + seconds

    def connect(self) -> str:
        """What a connection is called that is open now."""
        return "connect" if time.perf_counter() < self._begin else "connect, late"

    def round_trip(self, at: float) -> str:
        """What a round trip is called that ended at this instant."""
        return "round trip" if self._begin <= at < self._end else "round trip, outside"


@events.init_command_line_parser.add_listener
def _add_options(parser: Any) -> None:
    parser.add_argument("--work", help="The file that says what to do.", include_in_web_ui=False)


@events.test_start.add_listener
def _begin(environment: Any, **_: Any) -> None:
    path = Path(environment.parsed_options.work)
    environment.work = json.loads(path.read_text(encoding="utf-8"))
    connect_s = environment.work["connect_s"]
    environment.window = Window(connect_s, environment.work["seconds"])
    if not isinstance(environment.runner, WorkerRunner):
        path.with_name("window.json").write_text(json.dumps({"began_at": time.time() + connect_s}), encoding="utf-8")


class Asking(User):
    """Connects, and asks over and over."""

    def on_start(self) -> None:
        """Connects."""
        self.payload = self.environment.work["payload"]
        self.reply_type = self.environment.work["reply_type"]
        self.window = self.environment.window
        began_at = time.perf_counter()
        try:
            self.connection = create_connection(self.host)
        except (OSError, WebSocketException) as error:
            self._report("connect, failed", began_at, 0, error)
            raise StopUser from error
        self._report(self.window.connect(), began_at, 0, None)

    def on_stop(self) -> None:
        """Closes the connection."""
        self.connection.close()

    def wait_time(self) -> float:
        """How long to wait after a round trip, in seconds."""
        return float(self.environment.work["think_s"])

    @task
    def ask(self) -> None:
        """One round trip."""
        began_at = time.perf_counter()
        answer = ""
        failure: Exception | None = None
        try:
            self.connection.send(self.payload)
            answer = self.connection.recv()
            if json.loads(answer)["type"] != self.reply_type:
                failure = ValueError("wrong reply")
        except (OSError, WebSocketException, ValueError, KeyError, TypeError) as error:
            failure = error
        self._report(self.window.round_trip(time.perf_counter()), began_at, len(answer), failure)
        if isinstance(failure, OSError | WebSocketException):
            raise StopUser

    def _report(self, name: str, began_at: float, length: int, failure: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type="WebSocket",
            name=name,
            response_time=(time.perf_counter() - began_at) * 1000,
            response_length=length,
            exception=failure,
            context={},
        )
