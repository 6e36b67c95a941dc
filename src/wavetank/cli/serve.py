"""`wavetank serve`: the reference target, until it is stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import click

from wavetank.engine.worker.loop import new_event_loop
from wavetank.errors import RunError
from wavetank.target.group import SHARES_PORTS, Group
from wavetank.target.launch import announcement
from wavetank.target.server import serve as start_target

_EPILOG = """\b
Example:
  wavetank serve --port 9000
  wavetank stress ws://127.0.0.1:9000/ws
"""


_Serving = tuple[str, asyncio.Event]
"""Where the target listens (`host:port`), and what is set once it no longer does."""


@click.command(epilog=_EPILOG, short_help="Run the reference target.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Processes that share the port (Linux). Each has channels of its own.",
)
@click.option("--share-port", is_flag=True, hidden=True, help="Listen beside other processes on the same port.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True, help="Also end when standard input ends.")
def serve(host: str, port: int, workers: int, share_port: bool, until_stdin_closes: bool) -> None:
    """Run the reference target: the YMERA platform protocol at /ws, its state at /health.

    Ctrl-C or SIGTERM ends it with exit code 0: to be stopped is how a server ends, and cuts nothing short.
    """
    if workers > 1 and not SHARES_PORTS:
        raise click.UsageError(
            "--workers needs Linux, which alone spreads connections over processes: start one target for each port"
        )
    serving = _serve_together(host, port, workers) if workers > 1 else _serve_alone(host, port, share_port)
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_serve(serving, until_stdin_closes))
    except RunError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(3)


async def _serve(serving: AbstractAsyncContextManager[_Serving], until_stdin_closes: bool) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(_until_nobody_is_left(serving))

    def stop() -> None:
        # Once: a second Ctrl-C must not cut short how the first one ends it.
        if not task.cancelling():
            task.cancel()

    _on_stop_signal(loop, stop)
    if until_stdin_closes:
        _on_end_of_stdin(loop, stop)
    with suppress(asyncio.CancelledError):
        await task


async def _until_nobody_is_left(serving: AbstractAsyncContextManager[_Serving]) -> None:
    async with serving as (authority, nobody_left):
        click.echo(announcement(authority))
        await nobody_left.wait()
    raise RunError("No process of the reference target is left.")


@asynccontextmanager
async def _serve_alone(host: str, port: int, share_port: bool) -> AsyncIterator[_Serving]:
    server = await start_target(host, port, share_port=share_port)
    try:
        yield server.authority, asyncio.Event()
    finally:
        await server.close()


@asynccontextmanager
async def _serve_together(host: str, port: int, workers: int) -> AsyncIterator[_Serving]:
    group = Group(workers, lambda text: click.echo(f"warning: {text}", err=True))
    authority = await group.start(host, port)
    try:
        yield authority, group.nobody_left
    finally:
        await group.close()


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
