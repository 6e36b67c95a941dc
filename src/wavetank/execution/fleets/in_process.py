"""A fleet of one worker in the process of its coordinator, in the same event loop: nothing has to be started first."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Self

from wavetank.engine.worker import Worker
from wavetank.plan.arrivals import Share
from wavetank.run.fleets.contract import Listener, Orders
from wavetank.run.processing import processor_of


class InProcessFleet:
    """See `wavetank.run.fleets.contract.Fleet`. Nothing is lost but together with the coordinator itself."""

    size = 1

    def __init__(self) -> None:
        self._worker: Worker | None = None
        self._stopped = self._cut = False

    @property
    def active(self) -> int:
        """How many users are under way."""
        return 0 if self._worker is None else self._worker.active

    @property
    def ended(self) -> bool:
        """Whether everything is over, and only the last snapshot may still come."""
        return self._worker is not None and self._worker.ended

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def carry(self, orders: Orders, listener: Listener) -> None:
        """Carry the plan out. Raises RunError where the script's functions cannot be loaded."""
        self._worker = Worker(
            orders.plan,
            Share(),
            start_ns=perf_counter_ns(),
            on_snapshot=listener.snapshot,
            on_log=listener.log,
            processor=processor_of(orders.plan),
            variables=orders.variables,
        )
        if self._cut:
            self._worker.cut()
        elif self._stopped:
            self._worker.stop()
        await self._worker.run()

    def stop(self) -> None:
        """Start no more users."""
        self._stopped = True
        if self._worker is not None:
            self._worker.stop()

    def cut(self) -> None:
        """End every user at once."""
        self._cut = True
        if self._worker is not None:
            self._worker.cut()
