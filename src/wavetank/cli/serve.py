"""`wavetank serve`: the reference target, until it is stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

import click

from wavetank.engine.loop import new_event_loop
from wavetank.errors import RunError
from wavetank.target.server import serve as start_target

_EPILOG = """\b
Example:
  wavetank serve --port 9000
  wavetank stress ws://127.0.0.1:9000/ws
"""


@click.command(epilog=_EPILOG, short_help="Run the reference target.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--until-stdin-closes", is_flag=True, hidden=True, help="Also end when standard input ends.")
def serve(host: str, port: int, until_stdin_closes: bool) -> None:
    """Run the reference target: the YMERA platform protocol at /ws, its state at /health.

    Ctrl-C or SIGTERM ends it with exit code 0: to be stopped is how a server ends, and cuts nothing short.
    """
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_serve(host, port, until_stdin_closes))
    except RunError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(3)


async def _serve(host: str, port: int, until_stdin_closes: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    _on_stop_signal(loop, stop.set)
    server = await start_target(host, port)
    authority = server.authority
    click.echo(f"listening on ws://{authority}/ws (health: http://{authority}/health)")
    if until_stdin_closes:
        _on_end_of_stdin(loop, stop.set)
    await stop.wait()
    await server.close()


def _on_stop_signal(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _on_end_of_stdin(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Stops when whoever started this process closes our standard input, or dies.

    A thread, because Windows cannot wait for a pipe in an event loop; `os.read`, because a thread left inside
    `sys.stdin.read` holds a lock that the interpreter wants when it shuts down.
    """
    descriptor = sys.stdin.fileno()

    def watch() -> None:
        while os.read(descriptor, 4096):
            pass
        loop.call_soon_threadsafe(stop)

    threading.Thread(target=watch, name="stdin", daemon=True).start()
