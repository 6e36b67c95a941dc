"""What a run came to, for whoever runs plans from Python."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from wavetank.execution.result import Exit
from wavetank.execution.result import Result as RunResult
from wavetank.library.measurements import Measurements, PhaseMeasurements
from wavetank.library.timeline import Timeline
from wavetank.metrics import names
from wavetank.metrics.loss import Loss
from wavetank.metrics.summary import Trust, WorkerSummary
from wavetank.metrics.thresholds import ThresholdResult, Verdict
from wavetank.plan.model import Plan
from wavetank.report.explanation import explanation
from wavetank.report.figures import milliseconds
from wavetank.report.json import summary_json


class Result(Measurements):
    """Everything that a run left: its verdict, its figures, and how they came about second by second.

        result = wavetank.run_sync(plan)
        assert result.verdict == "ok", result.explain()
        assert result.p95 < 50, result.explain()
        result.timeline.to_polars().write_csv("run.csv")

    It says what `summary.json` says. Times are in milliseconds, durations in seconds. Where a plan measures a part of
    its run only, the figures are of that part, and `whole` has those of the whole run.
    """

    def __init__(self, made: RunResult) -> None:
        super().__init__(made.summary)
        self._made = made

    @property
    def plan(self) -> Plan:
        """What was run."""
        return self._made.plan

    @property
    def folder(self) -> Path | None:
        """The run folder; None where none was asked for."""
        return self._made.folder

    @property
    def verdict(self) -> Verdict:
        """`ok`, `warning` or `critical`: the worst that the thresholds say."""
        return self._summary.verdict

    @property
    def trust(self) -> Trust:
        """Whether the generator kept its promise (`trust.ok`), and if not, why (`trust.reasons`)."""
        return self._summary.trust

    @property
    def complete(self) -> bool:
        """Whether the whole plan was carried out: False where the run was stopped, or where workers were lost."""
        return self._summary.complete

    @property
    def interrupted(self) -> bool:
        """Whether somebody stopped the run."""
        return self._made.interrupted

    @property
    def aborted(self) -> str:
        """Why a threshold ended the run early, as a sentence; empty where none did."""
        return self._summary.aborted

    @property
    def lost(self) -> tuple[Loss, ...]:
        """The workers that were lost on the way."""
        return self._summary.lost

    @property
    def started_at(self) -> str:
        """When the run began: UTC in ISO 8601, `2026-01-02T03:04:05.678Z`."""
        return self._summary.started_at

    @property
    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """What became of each threshold and condition: its `metric`, `value`, `target` and `verdict`."""
        return self._summary.thresholds

    @property
    def workers(self) -> tuple[WorkerSummary, ...]:
        """How each worker fared."""
        return self._summary.workers

    @cached_property
    def phases(self) -> tuple[PhaseMeasurements, ...]:
        """What was measured in each phase of the plan that the run reached."""
        return tuple(PhaseMeasurements(phase) for phase in self._summary.phases)

    @property
    def whole(self) -> Measurements:
        """The figures of the whole run, also where the plan measures a part of it only."""
        return Measurements(self._summary.overall)

    @cached_property
    def timeline(self) -> Timeline:
        """How the run went, as numpy arrays with an element for each second."""
        return Timeline.of(self._made.timeline)

    @property
    def exit_code(self) -> Exit:
        """What `wavetank run` would have exited with: 0 is fine, 1 critical, 3 not carried out, 4 not to be trusted."""
        return self._made.exit_code()

    def explain(self) -> str:
        """Why the run came out as it did, in at most about forty lines: for the message of an assertion.

        The verdict, the thresholds that were missed, the response times by message name, the errors with an example
        and a traceback, and whether the figures can be trusted.
        """
        text = explanation(self._summary)
        return text if self.folder is None else f"{text}\nEverything about this run is in {self.folder}"

    def to_dict(self) -> dict[str, Any]:
        """Exactly the contents of summary.json, in plain Python values."""
        contents: dict[str, Any] = orjson.loads(summary_json(self._summary))
        return contents

    def __str__(self) -> str:
        counters = self.counters
        users, replies = counters[names.USERS_CREATED], counters[names.REPLIES]
        parts = [self.verdict if self.trust.ok else f"{self.verdict}, not to be trusted", f"{users:,} users"]
        parts.append(f"{replies:,} replies")
        if replies:
            parts += [f"{figure} {milliseconds(self._response_time(figure))} ms" for figure in ("p50", "p95", "p99")]
        if count := sum(error.count for error in self.errors):
            parts.append(f"{count:,} errors")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"<Result: {self}>"
