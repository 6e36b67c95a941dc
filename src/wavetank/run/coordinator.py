"""One run from beginning to end: it adds snapshots up, keeps the journal, tells whoever watches, and judges."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter_ns
from typing import Protocol

from wavetank.engine.hook import run_hook
from wavetank.engine.worker import Worker
from wavetank.errors import RunError, UserFailure
from wavetank.metrics.names import THROUGHPUT
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.summary import Summary, summarise
from wavetank.metrics.thresholds import Bound, Threshold
from wavetank.plan.arrivals import Share
from wavetank.plan.forecast import forecast
from wavetank.plan.model import Plan
from wavetank.plan.processor import Processor, load_processor
from wavetank.plan.steps import Step
from wavetank.run.folder import RunFolder
from wavetank.run.journal import Journal, JournalHeader
from wavetank.run.result import Result
from wavetank.run.trust import trust_in

GRACE_S = 10.0
"""How long users who are under way may take to end after the first request to stop."""

_USERS_FAILED = Threshold("vusers.error_rate", Bound("<=", 0.0), critical=Bound(">=", 100.0))
"""Judged in every run: it is critical that nobody came through, and worth a warning that somebody did not."""


class Observer(Protocol):
    """Who watches a run. Called from the event loop that carries the users: it must be quick."""

    def snapshot(self, snapshot: Snapshot, total: Snapshot) -> None:
        """A worker's snapshot came in; `total` is the sum so far, not to be changed or kept."""

    def notice(self, text: str) -> None:
        """Something to tell whoever started the run."""


class Run:
    """One execution of a plan in this process. Use it once: `execute`; `stop` may be called meanwhile."""

    def __init__(self, plan: Plan, folder: RunFolder | None, observer: Observer) -> None:
        self._plan = plan
        self._folder = folder
        self._observer = observer
        self._timeline: list[Snapshot] = []
        self._total = Snapshot()
        self._peaks: dict[str, float] = {}
        self._worker: Worker | None = None
        self._journal: Journal | None = None
        self._stops = 0
        self._cut: asyncio.TimerHandle | None = None

    async def execute(self) -> Result:
        """Run the plan to its end. Raises RunError where it cannot even begin."""
        plan = self._plan
        processor = _processor(plan)
        started_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self._folder is not None:
            self._folder.write_plan(plan, started_at=started_at, workers=1)
            self._journal = Journal(self._folder.timeline_path, self._observer.notice)
            self._journal.start(JournalHeader(started_at=started_at, name=plan.name, headline=plan.headline))
        variables: dict[str, object] = {
            "$env": dict(os.environ),
            "$processEnvironment": dict(os.environ),
            "$testId": f"{plan.name}-{plan.seed}",
        }
        variables |= await self._hook("before", plan.before, processor, variables)
        self._worker = Worker(
            plan,
            Share(),
            start_ns=perf_counter_ns(),
            on_snapshot=self._add,
            on_log=self._observer.notice,
            processor=processor,
            variables=variables,
        )
        if self._stops:
            self._worker.stop()
        try:
            await self._worker.run()
            if self._journal is not None:
                self._journal.finish(complete=not self._stops)
        finally:
            if self._cut is not None:
                self._cut.cancel()
            if self._journal is not None:
                self._journal.close()
        try:
            await self._hook("after", plan.after, processor, variables)
        except RunError as error:  # what was measured is worth more than the flow that comes after it
            self._observer.notice(f"warning: {error}")
        return Result(
            plan=plan,
            summary=self._summary(started_at),
            timeline=tuple(self._timeline),
            folder=self._folder.path if self._folder is not None else None,
            interrupted=bool(self._stops),
        )

    def stop(self) -> None:
        """The first call starts no more users and gives those under way a little time; the second ends all at once."""
        self._stops += 1
        worker = self._worker
        if worker is None:
            return
        if self._stops > 1:
            worker.cut()
            return
        worker.stop()
        if worker.active:
            self._cut = asyncio.get_running_loop().call_later(GRACE_S, worker.cut)
            self._observer.notice(
                f"Stopping: no new users; waiting up to {GRACE_S:g} s for {worker.active} under way. "
                "Press Ctrl-C again to end them now."
            )

    async def _hook(
        self, name: str, steps: Sequence[Step], processor: Processor | None, variables: dict[str, object]
    ) -> dict[str, object]:
        if not steps:
            return {}
        try:
            return await run_hook(tuple(steps), self._plan, processor, variables, self._observer.notice)
        except UserFailure as failure:
            raise RunError(f"the {name!r} flow of the script failed: {failure.reason}") from failure

    def _add(self, snapshot: Snapshot) -> None:
        self._timeline.append(snapshot)
        self._total += snapshot
        for name, value in self._total.gauges.items():
            self._peaks[name] = max(value, self._peaks.get(name, value))
        if self._journal is not None:
            self._journal.write(snapshot)
        self._observer.snapshot(snapshot, self._total)

    def _summary(self, started_at: str) -> Summary:
        return summarise(
            self._total,
            started_at=started_at,
            complete=not self._stops,
            headline=self._plan.headline,
            thresholds=(*self._plan.thresholds, _USERS_FAILED),
            conditions=self._plan.conditions,
            planned={THROUGHPUT: forecast(self._plan).peak_replies_per_s},
            peaks=self._peaks,
            trust=trust_in(self._total.workers),
        )


def _processor(plan: Plan) -> Processor | None:
    if plan.processor is None:
        return None
    try:
        return load_processor(plan.processor)
    except ValueError as error:
        raise RunError(str(error)) from error
