"""The users of experiment B, for Locust: one request under way each, paced by `constant_throughput`."""

from __future__ import annotations

import os
import time

from locust import User, constant_throughput, task
from websocket import create_connection

MESSAGE = '{"type":"ping"}'


class Paced(User):
    """Sends a message, waits for its reply, and reports how long that took."""

    wait_time = constant_throughput(1 / float(os.environ.get("PERIOD_S", "0.04")))

    def on_start(self) -> None:
        """Connects."""
        self.connection = create_connection(self.host)

    def on_stop(self) -> None:
        """Closes the connection."""
        self.connection.close()

    @task
    def ask(self) -> None:
        """One request."""
        began_at = time.perf_counter()
        failure = None
        try:
            self.connection.send(MESSAGE)
            answer = self.connection.recv()
        except Exception as error:  # Locust's own way: what goes wrong is reported with the request
            answer, failure = "", error
        self.environment.events.request.fire(
            request_type="WebSocket",
            name="request",
            response_time=(time.perf_counter() - began_at) * 1000,
            response_length=len(answer),
            exception=failure,
            context={},
        )
