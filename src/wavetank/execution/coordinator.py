"""One run from beginning to end: it adds snapshots up, keeps the journal, tells whoever watches, and judges."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from wavetank.engine.worker.hook import run_hook
from wavetank.engine.worker.lifecycle import set_up, tear_down
from wavetank.errors import RunError, UserFailure
from wavetank.execution.abort import AbortWatch
from wavetank.execution.fleets.contract import Fleet, Orders
from wavetank.execution.fleets.in_process import InProcessFleet
from wavetank.execution.folder.folder import RunFolder
from wavetank.execution.folder.journal import Journal, JournalHeader
from wavetank.execution.judge import Judge
from wavetank.execution.processing import processor_of
from wavetank.execution.result import Result
from wavetank.metrics.loss import Loss
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.tally import Tally
from wavetank.metrics.values import Values
from wavetank.plan.model import Plan
from wavetank.plan.outline import Outline
from wavetank.plan.processor import Processor
from wavetank.plan.python.lifecycle import Shared
from wavetank.plan.steps import Step

GRACE_S = 10.0
"""How long users who are under way may take to end after the first request to stop."""

ABORT_GRACE_S = 1.0
"""How long they may take when a threshold has ended the run: nobody waits for what they would still measure."""


class Observer(Protocol):
    """Who watches a run. Called from the event loop that carries the users: it must be quick."""

    def snapshot(self, snapshot: Snapshot, total: Snapshot) -> None:
        """A worker's snapshot came in; `total` is the sum so far, not to be changed or kept."""

    def log(self, text: str) -> None:
        """What a `log` step of the script says."""

    def notice(self, text: str) -> None:
        """Something to tell whoever started the run, such as a warning."""


class Run:
    """One execution of a plan by a fleet. Use it once: `execute`; `stop` may be called meanwhile."""

    def __init__(self, plan: Plan, folder: RunFolder | None, observer: Observer, fleet: Fleet | None = None) -> None:
        """Without a fleet, one worker in this very process carries the plan."""
        self._plan = plan
        self._folder = folder
        self._observer = observer
        self._timeline: list[Snapshot] = []
        self._total = Snapshot()
        self._peaks: dict[str, float] = {}
        self._fleet: Fleet = fleet or InProcessFleet()
        self._losses: list[Loss] = []
        self._journal: Journal | None = None
        self._stops = 0
        self._cut: asyncio.TimerHandle | None = None
        self._judge = Judge.of(plan)
        self._measured = self._judge.measured
        self._measured_tally = Tally()
        self._abort_watch = AbortWatch(plan, self._judge.planned)
        self._aborted = ""

    async def execute(self) -> Result:
        """Run the plan to its end. Raises RunError where it cannot even begin."""
        plan = self._plan
        processor = processor_of(plan)
        started_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self._folder is not None:
            self._folder.write_plan(plan, started_at=started_at, workers=self._fleet.size)
            self._journal = Journal(self._folder.timeline_path, self._observer.notice)
            self._journal.start(
                JournalHeader(
                    started_at=started_at,
                    name=plan.name,
                    headline=plan.headline,
                    workers=self._fleet.size,
                    judge=self._judge,
                    outline=Outline.of(plan),
                )
            )
        variables: dict[str, object] = {
            "$env": dict(os.environ),
            "$processEnvironment": dict(os.environ),
            "$testId": f"{plan.name}-{plan.seed}",
        }
        shared: Shared = {"target": plan.target, "variables": dict(plan.variables)}
        try:
            async with self._fleet:
                variables |= await self._hook("before", plan.before, processor, variables)
                await set_up(plan, "run", shared)
                await self._fleet.carry(Orders(plan, variables, shared), self)
            if self._journal is not None:
                self._journal.finish(self._complete, aborted=self._aborted, interrupted=self._interrupted)
        finally:
            await tear_down(plan, "run", shared, self._observer.notice)
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
            summary=self._judge.summary(
                self._timeline, started_at=started_at, complete=self._complete, aborted=self._aborted, lost=self._losses
            ),
            timeline=tuple(self._timeline),
            folder=self._folder.path if self._folder is not None else None,
            interrupted=self._interrupted,
        )

    def stop(self) -> None:
        """The first call starts no more users and gives those under way a little time; the second ends all at once."""
        self._stops += 1
        if self._stops > 1 or self._aborted:
            self._fleet.cut()
            return
        self._fleet.stop()
        self._cut = asyncio.get_running_loop().call_later(GRACE_S, self._fleet.cut)
        active = self._fleet.active
        self._observer.notice(
            f"Stopping: no new users; waiting up to {GRACE_S:g} s for {active or 'those'} under way. "
            "Press Ctrl-C again to end them now."
        )

    # -- what the fleet says -----------------------------------------------------------------------------------------

    def snapshot(self, snapshot: Snapshot) -> None:
        """A worker has ended an interval."""
        self._timeline.append(snapshot)
        self._total += snapshot
        for name, value in self._total.gauges.items():
            self._peaks[name] = max(value, self._peaks.get(name, value))
        if self._journal is not None:
            self._journal.write(snapshot)
        if self._measured is not None and self._measured.holds(snapshot):
            self._measured_tally.add(snapshot)
        self._observer.snapshot(snapshot, self._total)
        elapsed_s = snapshot.end_ns / 1e9
        if self._fleet.ended or self._stops or self._aborted or not self._abort_watch.is_due(elapsed_s):
            return
        reason = self._abort_watch.reason(self._values_so_far(), elapsed_s)
        if reason:
            self._abort(reason)

    def log(self, text: str) -> None:
        """What a `log` step of the script says."""
        self._observer.log(text)

    def notice(self, text: str) -> None:
        """Something that whoever started the run should know."""
        self._observer.notice(text)

    def lost(self, loss: Loss) -> None:
        """A worker is gone before its time."""
        self._losses.append(loss)
        if self._journal is not None:
            self._journal.lost(loss)
        self._observer.notice(f"warning: {loss.sentence}")

    # ----------------------------------------------------------------------------------------------------------------

    async def _hook(
        self, name: str, steps: Sequence[Step], processor: Processor | None, variables: dict[str, object]
    ) -> dict[str, object]:
        if not steps:
            return {}
        try:
            return await run_hook(tuple(steps), self._plan, processor, variables, self._observer.log)
        except UserFailure as failure:
            raise RunError(f"the {name!r} flow of the script failed: {failure.reason}") from failure

    def _values_so_far(self) -> Values:
        if self._measured is None:
            return Values(self._total, self._plan.headline, self._peaks)
        intervals = self._measured.until(self._total.end_ns)
        return Values(self._measured_tally.total, self._plan.headline, self._measured_tally.peaks, intervals)

    def _abort(self, reason: str) -> None:
        """End the run early, because of a threshold."""
        self._aborted = reason
        self._fleet.stop()
        self._cut = asyncio.get_running_loop().call_later(ABORT_GRACE_S, self._fleet.cut)
        self._observer.notice(f"aborted: {reason}")

    @property
    def _interrupted(self) -> bool:
        return bool(self._stops) and not self._aborted

    @property
    def _complete(self) -> bool:
        return not self._stops and not self._aborted and not self._losses
