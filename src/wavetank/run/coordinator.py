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
from wavetank.metrics.stretches import summarise_stretches
from wavetank.metrics.summary import Summary, summarise
from wavetank.metrics.tally import Tally
from wavetank.metrics.thresholds import Bound, Threshold
from wavetank.metrics.values import Values
from wavetank.plan.arrivals import Share
from wavetank.plan.forecast import forecast
from wavetank.plan.measure import measured_part
from wavetank.plan.model import Plan
from wavetank.plan.processor import Processor, load_processor
from wavetank.plan.steps import Step
from wavetank.plan.stretches import phase_stretches
from wavetank.run.abort import AbortWatch
from wavetank.run.folder import RunFolder
from wavetank.run.journal import Journal, JournalHeader
from wavetank.run.result import Result
from wavetank.run.trust import trust_in

GRACE_S = 10.0
"""How long users who are under way may take to end after the first request to stop."""

ABORT_GRACE_S = 1.0
"""How long they may take when a threshold has ended the run: nobody waits for what they would still measure."""

_USERS_FAILED = Threshold("vusers.error_rate", Bound("<=", 0.0), critical=Bound(">=", 100.0))
"""Judged in every run: it is critical that nobody came through, and worth a warning that somebody did not."""


class Observer(Protocol):
    """Who watches a run. Called from the event loop that carries the users: it must be quick."""

    def snapshot(self, snapshot: Snapshot, total: Snapshot) -> None:
        """A worker's snapshot came in; `total` is the sum so far, not to be changed or kept."""

    def log(self, text: str) -> None:
        """What a `log` step of the script says."""

    def notice(self, text: str) -> None:
        """Something to tell whoever started the run, such as a warning."""


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
        self._planned = {THROUGHPUT: forecast(plan).peak_replies_per_s}
        self._measured = None if plan.measure is None else measured_part(plan.measure, plan.phases)
        self._measured_tally = Tally()
        self._abort_watch = AbortWatch(plan, self._planned)
        self._aborted = ""

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
            on_log=self._observer.log,
            processor=processor,
            variables=variables,
        )
        if self._stops:
            self._worker.stop()
        try:
            await self._worker.run()
            if self._journal is not None:
                self._journal.finish(complete=self._complete)
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
            interrupted=bool(self._stops) and not self._aborted,
        )

    def stop(self) -> None:
        """The first call starts no more users and gives those under way a little time; the second ends all at once."""
        self._stops += 1
        worker = self._worker
        if worker is None:
            return
        if self._stops > 1 or self._aborted:
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
            return await run_hook(tuple(steps), self._plan, processor, variables, self._observer.log)
        except UserFailure as failure:
            raise RunError(f"the {name!r} flow of the script failed: {failure.reason}") from failure

    def _add(self, snapshot: Snapshot) -> None:
        self._timeline.append(snapshot)
        self._total += snapshot
        for name, value in self._total.gauges.items():
            self._peaks[name] = max(value, self._peaks.get(name, value))
        if self._journal is not None:
            self._journal.write(snapshot)
        if self._measured is not None and self._measured.holds(snapshot):
            self._measured_tally.add(snapshot)
        self._observer.snapshot(snapshot, self._total)
        worker, elapsed_s = self._worker, snapshot.end_ns / 1e9
        if worker is None or worker.ended or not self._complete or not self._abort_watch.is_due(elapsed_s):
            return
        reason = self._abort_watch.reason(self._values_so_far(), elapsed_s)
        if reason:
            self._abort(worker, reason)

    def _values_so_far(self) -> Values:
        if self._measured is None:
            return Values(self._total, self._plan.headline, self._peaks)
        intervals = self._measured.until(self._total.end_ns)
        return Values(self._measured_tally.total, self._plan.headline, self._measured_tally.peaks, intervals)

    def _abort(self, worker: Worker, reason: str) -> None:
        """End the run early, because of a threshold."""
        self._aborted = reason
        worker.stop()
        self._cut = asyncio.get_running_loop().call_later(ABORT_GRACE_S, worker.cut)
        self._observer.notice(f"aborted: {reason}")

    @property
    def _complete(self) -> bool:
        return not self._stops and not self._aborted

    def _summary(self, started_at: str) -> Summary:
        plan = self._plan
        whole: Summary | None = None
        total, peaks, timeline = self._total, self._peaks, self._timeline
        if self._measured is not None:
            whole = summarise(
                total, started_at=started_at, complete=self._complete, headline=plan.headline, peaks=peaks
            )
            total, peaks = self._measured_tally.total, self._measured_tally.peaks
            # What the generator did before may not taint these figures, nor may much of it hide what it did to them.
            timeline = [snapshot for snapshot in timeline if self._measured.holds(snapshot)]
        return summarise(
            total,
            started_at=started_at,
            complete=self._complete,
            headline=plan.headline,
            thresholds=plan.thresholds,
            conditions=plan.conditions,
            planned=self._planned,
            peaks=peaks,
            trust=trust_in(timeline),
            phases=summarise_stretches(self._timeline, phase_stretches(plan.phases), plan.headline),
            measured=self._measured,
            whole=whole,
            overall=(_USERS_FAILED,),
            aborted=self._aborted,
        )


def _processor(plan: Plan) -> Processor | None:
    if plan.processor is None:
        return None
    try:
        return load_processor(plan.processor)
    except ValueError as error:
        raise RunError(str(error)) from error
