"""A fleet of processes on this machine: one interpreter, one event loop and one limit of open files for each worker."""

from __future__ import annotations

import asyncio
import pickle
import sys
import time
from typing import Self

import orjson

from wavetank.errors import RunError
from wavetank.execution.fleets.channel import Word
from wavetank.execution.fleets.contract import Listener, Orders
from wavetank.execution.fleets.member import Member
from wavetank.execution.fleets.precedence import Precedence
from wavetank.metrics.loss import Loss
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.arrivals import Share

_READY_S = 60.0
"""A worker has so long to start its interpreter and to load the script's functions."""

_LEAD_S = 0.1
"""So long after all are ready the run begins: time for the word to reach them, and for them to set themselves up."""

_SILENT_S = 10.0
"""A worker tells once a second what it measured. After so long without a word, whoever started the run is told."""

_GIVEN_UP_S = 60.0
"""After so long without a word a worker is given up, and its process killed."""


class LocalFleet:
    """See `wavetank.execution.fleets.contract.Fleet`. A worker that dies or goes silent is a loss; the others go on."""

    def __init__(self, size: int) -> None:
        """`size` is the number of workers, 1 or more."""
        self.size = size
        self._members: list[Member] = []
        self._has_begun = self._stopped = self._cut = self._open = False
        self._ready = 0
        self._all_ready = asyncio.Event()
        self._trouble = ""
        self._precedence = Precedence()

    @property
    def active(self) -> int:
        """How many users are under way, as the workers last told."""
        return sum(member.active for member in self._members if not member.lost)

    @property
    def ended(self) -> bool:
        """Whether each worker has come to its end or is lost."""
        return bool(self._members) and all(member.ending or member.lost for member in self._members)

    @property
    def process_ids(self) -> list[int]:
        """The system's numbers of the workers' processes."""
        return [member.process_id for member in self._members]

    async def __aenter__(self) -> Self:
        """Start the processes; they load what they need while the coordinator does other things. Raises RunError."""
        try:
            for index in range(self.size):
                self._members.append(await Member.start(index))
        except BaseException:
            await self.__aexit__()
            raise
        self._precedence.give()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._precedence.take_back()
        await asyncio.gather(*(member.leave() for member in self._members))

    async def carry(self, orders: Orders, listener: Listener) -> None:
        """See `Fleet.carry`. Raises RunError where a worker cannot even begin."""
        _check(orders)
        for member in self._members:
            member.tell(Word.IMPORTS, orjson.dumps(sys.path))
            member.tell(Word.ORDERS, pickle.dumps((orders, Share(member.index, self.size))))
        ears = [asyncio.ensure_future(self._listen(member, listener)) for member in self._members]
        watch = asyncio.ensure_future(self._watch(listener))
        try:
            await self._begin()
            await asyncio.gather(*ears)
        finally:
            for task in (*ears, watch):
                task.cancel()
            await asyncio.gather(*ears, watch, return_exceptions=True)

    def stop(self) -> None:
        """Start no more users."""
        self._stopped = True
        if self._has_begun:
            self._tell_all(Word.STOP)

    def cut(self) -> None:
        """End every user at once."""
        self._cut = True
        if self._has_begun:
            self._tell_all(Word.CUT)

    async def _begin(self) -> None:
        try:
            async with asyncio.timeout(_READY_S):
                await self._all_ready.wait()
        except TimeoutError:
            raise RunError(
                f"{self.size - self._ready} of {self.size} workers did not get ready within {_READY_S:g} s"
            ) from None
        if self._trouble:
            raise RunError(self._trouble)
        for member in self._members:
            member.heard_at = time.monotonic()
        self._tell_all(Word.BEGIN, b"%d" % (time.time_ns() + round(_LEAD_S * 1e9)))
        self._has_begun = True
        # Whoever pressed Ctrl-C before there was anything to stop meant it all the same.
        if self._stopped:
            self._tell_all(Word.STOP)
        if self._cut:
            self._tell_all(Word.CUT)

    async def _listen(self, member: Member, listener: Listener) -> None:
        reason = ""
        while not member.ended:
            try:
                word, body = await member.hear()
            except EOFError:
                self._lose(member, reason or f"its process {await member.how_it_ended()}", listener)
                return
            match word:
                case Word.SNAPSHOT:
                    snapshot = Snapshot.from_dict(orjson.loads(body))
                    member.active = round(snapshot.gauges.get("vusers.active", 0))
                    member.last_ns = snapshot.end_ns
                    listener.snapshot(snapshot)
                case Word.LOG:
                    listener.log(body.decode())
                case Word.NOTICE:
                    listener.notice(body.decode())
                case Word.READY:
                    self._count_ready()
                case Word.GATHERED:
                    member.gathered = True
                    self._open_rendezvous()
                case Word.ENDING:
                    member.ending = True
                case Word.ENDED:
                    member.ended = True
                case Word.FAILED:
                    reason = body.decode()
                case _:
                    raise AssertionError(f"a worker does not say {word!r}")

    def _lose(self, member: Member, reason: str, listener: Listener) -> None:
        member.lost = True
        if not self._all_ready.is_set():
            self._trouble = self._trouble or f"worker {member.index} could not begin: {reason}"
            self._all_ready.set()
            return
        listener.lost(Loss(worker=member.index, of=self.size, last_ns=member.last_ns, reason=reason))
        self._open_rendezvous()

    def _count_ready(self) -> None:
        self._ready += 1
        if self._ready == self.size:
            self._all_ready.set()

    def _open_rendezvous(self) -> None:
        """Let the users go on who wait for each other, once those of every worker that is left have come."""
        if not self._open and all(member.gathered or member.lost for member in self._members):
            self._open = True
            self._tell_all(Word.OPEN)

    def _tell_all(self, word: Word, body: bytes = b"") -> None:
        for member in self._members:
            if not member.lost:
                member.tell(word, body)

    async def _watch(self, listener: Listener) -> None:
        """Look after workers who say nothing any more: a process that was stopped, or a script that blocks the loop."""
        await self._all_ready.wait()
        silent: set[int] = set()
        while True:
            await asyncio.sleep(1.0)
            for member in self._members:
                if member.ended or member.lost:
                    continue
                if member.silent_s < _SILENT_S:
                    if member.index in silent:
                        silent.discard(member.index)
                        listener.notice(f"worker {member.index} is back")
                elif member.silent_s >= _GIVEN_UP_S:
                    # What listens to it then hears the end of the pipe, and counts the loss.
                    member.kill()
                elif member.index not in silent:
                    silent.add(member.index)
                    listener.notice(
                        f"worker {member.index} has said nothing for {_SILENT_S:g} s: it hangs, or a function of the "
                        f"script blocks it; it is given up after {_GIVEN_UP_S:g} s"
                    )


def _check(orders: Orders) -> None:
    """Raises RunError for what cannot be taken to the workers' processes."""
    try:
        pickle.dumps(orders.plan)
    except Exception as error:  # whatever the __reduce__ of somebody's object raises
        raise RunError(f"the plan cannot be taken to the workers' processes: {error}") from error
    for who, values in (("'before' flow", orders.variables), ("setup of the whole run", orders.shared)):
        for name, value in values.items():
            try:
                pickle.dumps(value)
            except Exception as error:  # as above
                raise RunError(
                    f"the {who} of the script left {name!r}, a {type(value).__name__}, which cannot be taken to the "
                    f"workers' processes ({error}): keep plain values in it"
                ) from error
