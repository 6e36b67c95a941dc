"""`python -m wavetank.execution.fleets.process`: the process of one worker of a local fleet.

It gets its orders through standard input and tells what it measures through standard output (`channel`). It has no
other life: when the pipe is closed, because the coordinator is gone, it leaves.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import perf_counter_ns
from typing import NoReturn, TypeVar

import orjson

from wavetank.engine.worker.lifecycle import set_up, tear_down
from wavetank.engine.worker.loop import new_event_loop
from wavetank.engine.worker.open_files import make_room_for_open_files, raise_open_file_limit
from wavetank.engine.worker.worker import Worker
from wavetank.errors import RunError
from wavetank.execution.fleets.channel import IN_WORKER, Word, read_message
from wavetank.execution.fleets.contract import Orders
from wavetank.execution.fleets.outbox import Outbox
from wavetank.execution.processing import processor_of
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.arrivals import Share
from wavetank.plan.processor import Processor

_Argument = TypeVar("_Argument")

_ABANDONED_S = 3.0
"""So long a worker may take to close its connections when its coordinator is gone."""


class WorkerProcess:
    """Carries a worker for a coordinator that is at the other end of two pipes."""

    def __init__(self, inbox: int, outbox: Outbox) -> None:
        """`inbox` is a file descriptor."""
        self._read = partial(os.read, inbox)
        self._outbox = outbox
        self._begun: asyncio.Future[int] | None = None
        self._worker: Worker | None = None
        self._early: list[Word] = []

    def run(self) -> None:
        """From the orders to the last snapshot."""
        try:
            _, imports = read_message(self._read)
            sys.path[:] = orjson.loads(imports)
            _, body = read_message(self._read)
        except EOFError:  # nobody wants anything of us: the run was over before it began
            return
        try:
            orders, share = pickle.loads(body)
            processor = processor_of(orders.plan)
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(self._carry(orders, share, processor))
            self._outbox.put(Word.ENDED)
        except Exception as error:  # whatever it is, the coordinator is to know, and the author of the mistake
            if not isinstance(error, RunError):  # which says all that there is to say
                traceback.print_exc()
            said = str(error) if isinstance(error, RunError) else f"{type(error).__name__}: {error}"
            self._outbox.put(Word.FAILED, said.encode())
        finally:
            self._outbox.close()

    async def _carry(self, orders: Orders, share: Share, processor: Processor | None) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._unexpected)
        self._begun = loop.create_future()
        threading.Thread(target=self._listen, args=(loop,), name="inbox", daemon=True).start()
        shared = dict(orders.shared)
        await set_up(orders.plan, "worker", shared)
        self._outbox.put(Word.READY)
        begins_wall_ns = await self._begun
        # The coordinator names an instant of the wall clock, the only one that any two processes share.
        start_ns = perf_counter_ns() + (begins_wall_ns - time.time_ns())
        worker = self._worker = Worker(
            orders.plan,
            share,
            start_ns=start_ns,
            on_snapshot=partial(self._snapshot, share.index),
            on_log=self._log,
            on_gathered=partial(self._outbox.put, Word.GATHERED),
            processor=processor,
            variables=orders.variables,
            shared=shared,
        )
        for word in self._early:
            self._do(word)
        try:
            await worker.run()
        finally:
            await tear_down(orders.plan, "worker", shared, self._notice)

    def _snapshot(self, index: int, snapshot: Snapshot) -> None:
        if self._worker is not None and self._worker.ended:
            self._outbox.put(Word.ENDING)
        self._outbox.put(Word.SNAPSHOT, orjson.dumps(snapshot.to_dict(), option=orjson.OPT_SERIALIZE_NUMPY))

    def _log(self, text: str) -> None:
        self._outbox.put_if_room(Word.LOG, text.encode("utf-8", "replace"))

    def _notice(self, text: str) -> None:
        self._outbox.put_if_room(Word.NOTICE, text.encode("utf-8", "replace"))

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread of its own: Windows has no other way to wait for a pipe. It hears a word or two in a run."""
        while True:
            try:
                word, body = read_message(self._read)
            except (EOFError, OSError):
                break
            if word is Word.BEGIN:
                _call(loop, self._begin, int(body))
            else:
                _call(loop, self._do, word)
        _call(loop, self._do, Word.CUT)
        time.sleep(_ABANDONED_S)
        # A script may block the loop for ever, and nobody is there any more who would end this process.
        os._exit(1)

    def _begin(self, wall_ns: int) -> None:
        if self._begun is not None and not self._begun.done():
            self._begun.set_result(wall_ns)

    def _do(self, word: Word) -> None:
        worker = self._worker
        if worker is None:
            self._early.append(word)
            if word is Word.CUT:
                self._begin(time.time_ns())
        elif word is Word.STOP:
            worker.stop()
        elif word is Word.CUT:
            worker.cut()
        elif word is Word.OPEN:
            worker.open_rendezvous()

    def _unexpected(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        detail = f"{type(error).__name__}: {error}" if error is not None else ""
        text = f"internal error (please report it): {context.get('message', '')} {detail}".rstrip()
        self._notice(text)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[_Argument], None], argument: _Argument) -> None:
    with suppress(RuntimeError):  # the loop is closed: the worker has ended
        loop.call_soon_threadsafe(function, argument)


def main() -> NoReturn:
    """Take the pipes, carry the worker, leave."""
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (0, 1):
            msvcrt.setmode(descriptor, os.O_BINARY)
    inbox, outbox = os.dup(0), os.dup(1)
    # What a function of the script prints must not get between the messages.
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123  # a descriptor is wanted, not a file
        os.dup2(nothing.fileno(), 0)
    os.environ[IN_WORKER] = "1"
    raise_open_file_limit()
    make_room_for_open_files()
    WorkerProcess(inbox, Outbox(outbox)).run()
    sys.stdout.flush()
    sys.exit(0)


if __name__ == "__main__":
    main()
