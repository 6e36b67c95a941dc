from __future__ import annotations

from dataclasses import replace

import pytest

from wavetank.execution.result import Exit, Result
from wavetank.metrics.loss import Loss
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.summary import Trust, summarise
from wavetank.metrics.thresholds import Bound, Threshold
from wavetank.plan.model import Plan

PLAN = Plan(name="p", target="ws://h", phases=(), scenarios=())
MISSED = Threshold("vusers.completed", Bound(">", 100))
NEARLY = Threshold("vusers.completed", Bound(">", 100), critical=Bound("<", 1))


def result(
    *thresholds: Threshold,
    connects: int = 10,
    connect_failed: int = 0,
    trusted: bool = True,
    interrupted: bool = False,
) -> Result:
    counters = {
        "websocket.connects": connects,
        "websocket.connect_failed": connect_failed,
        "vusers.completed": connects - connect_failed,
    }
    summary = summarise(
        Snapshot(counters=counters),
        started_at="2026-01-01T00:00:00Z",
        complete=not interrupted,
        thresholds=thresholds,
        trust=Trust(trusted, () if trusted else ("late",)),
    )
    return Result(plan=PLAN, summary=summary, timeline=(), folder=None, interrupted=interrupted)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (result(), Exit.OK),
        (result(NEARLY), Exit.OK),
        (result(MISSED), Exit.CRITICAL),
        (result(connect_failed=9), Exit.OK),
        (result(connect_failed=10), Exit.NOT_CARRIED_OUT),
        (result(MISSED, connect_failed=10), Exit.NOT_CARRIED_OUT),
        (result(connects=0), Exit.OK),
        (result(trusted=False), Exit.NOT_TRUSTED),
        (result(MISSED, trusted=False), Exit.CRITICAL),
        (result(connect_failed=10, trusted=False), Exit.NOT_CARRIED_OUT),
        (result(MISSED, interrupted=True), Exit.INTERRUPTED),
    ],
)
def test_the_exit_code_says_the_gravest_thing(made: Result, code: Exit) -> None:
    assert made.exit_code() is code


def test_strict_makes_a_warning_count() -> None:
    assert result(NEARLY).exit_code(strict=True) is Exit.CRITICAL
    assert result().exit_code(strict=True) is Exit.OK


def test_a_run_that_lost_all_of_its_workers_was_not_carried_out() -> None:
    first, second = (Loss(index, 2, 10**9, "its process was killed") for index in range(2))
    made = result(trusted=False)
    assert replace(made, summary=replace(made.summary, lost=(second,))).exit_code() is Exit.NOT_TRUSTED
    assert replace(made, summary=replace(made.summary, lost=(second, first))).exit_code() is Exit.NOT_CARRIED_OUT
