"""A fleet of one worker in the process of its coordinator, in the same event loop: nothing has to be started first."""

from __future__ import annotations

import asyncio
from time import perf_counter_ns
from typing import Self

from wavetank.engine.worker.lifecycle import set_up, tear_down
from wavetank.engine.worker.worker import Worker
from wavetank.execution.fleets.contract import Listener, Orders
from wavetank.execution.processing import processor_of
from wavetank.plan.arrivals import Share

_PATIENCE_S = 10.0
"""How long users may take to end when the run is given up."""


class InProcessFleet:
    """See `wavetank.execution.fleets.contract.Fleet`. Nothing is lost but together with the coordinator itself."""

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
        shared = dict(orders.shared)
        await set_up(orders.plan, "worker", shared)
        self._worker = Worker(
            orders.plan,
            Share(),
            start_ns=perf_counter_ns(),
            on_snapshot=listener.snapshot,
            on_log=listener.log,
            processor=processor_of(orders.plan),
            variables=orders.variables,
            shared=shared,
        )
        if self._cut:
            self._worker.cut()
        elif self._stopped:
            self._worker.stop()
        running = asyncio.ensure_future(self._worker.run())
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            # Whoever gives the run up goes on in this very process: no user may be left behind in its event loop.
            self.cut()
            try:
                await asyncio.wait([running], timeout=_PATIENCE_S)
            finally:
                running.cancel()
            raise
        finally:
            await tear_down(orders.plan, "worker", shared, listener.notice)

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
