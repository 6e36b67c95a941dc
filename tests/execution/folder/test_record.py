from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.summaries import a_plan, a_snapshot
from wavetank.errors import RunError
from wavetank.execution.folder.journal import Journal, JournalHeader
from wavetank.execution.folder.record import Record
from wavetank.execution.judge import Judge
from wavetank.metrics.loss import Loss
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.thresholds import Bound, Threshold

START = "2026-01-02T03:04:05Z"
PLAN = replace(a_plan(), thresholds=(Threshold("websocket.connects", Bound(">", 10**6)),))


def a_run(
    folder: Path,
    *snapshots: Snapshot,
    workers: int = 1,
    judge: Judge | None = None,
    lost: Loss | None = None,
    ended: bool = True,
) -> Record:
    journal = Journal(folder / "timeline.jsonl", pytest.fail)
    journal.start(JournalHeader(START, PLAN.name, PLAN.headline, workers, judge))
    for snapshot in snapshots:
        journal.write(snapshot)
    if lost is not None:
        journal.lost(lost)
    if ended:
        journal.finish(complete=True)
    journal.close()
    return Record.read(folder)


def test_the_summary_is_the_one_that_the_run_made(tmp_path: Path) -> None:
    timeline = [a_snapshot(0, 10), a_snapshot(10, 20)]
    record = a_run(tmp_path, *timeline, judge=Judge.of(PLAN))
    made = Judge.of(PLAN).summary(timeline, started_at=START, complete=True)
    assert record.summary().to_dict() == made.to_dict()
    assert made.verdict == "critical"
    assert record.remarks == ()


def test_a_killed_run_is_judged_by_what_it_left(tmp_path: Path) -> None:
    record = a_run(tmp_path, a_snapshot(0, 10), judge=Judge.of(PLAN), ended=False)
    summary = record.summary()
    assert (summary.verdict, summary.complete, summary.counters["vusers.created"]) == ("critical", False, 1000)
    assert record.remarks == (
        "The journal has no end: the run was killed, or lasts still; the figures end with its last snapshot.",
    )


def test_without_a_judge_it_says_that_thresholds_are_not_known(tmp_path: Path) -> None:
    record = a_run(tmp_path, a_snapshot(0, 10))
    assert [result.metric for result in record.summary().thresholds] == ["vusers.error_rate"]
    (remark,) = record.remarks
    assert "the thresholds of its script and its phases are not known" in remark


def test_snapshots_of_several_workers_add_up_in_any_order(tmp_path: Path) -> None:
    first, second = a_snapshot(0, 10, worker=0), a_snapshot(0, 10, worker=1)
    record = a_run(tmp_path, second, first, workers=2, judge=Judge.of(PLAN))
    summary = record.summary()
    assert summary.counters["vusers.created"] == 2000
    assert [worker.index for worker in summary.workers] == [0, 1]
    assert summary.gauges["websocket.open"] == 98


def test_a_lost_worker_is_in_the_summary(tmp_path: Path) -> None:
    loss = Loss(1, 2, 10 * 10**9, "its process was killed")
    snapshots = [a_snapshot(0, 10, worker=0), a_snapshot(0, 10, worker=1), a_snapshot(10, 20, worker=0)]
    record = a_run(tmp_path, *snapshots, workers=2, judge=Judge.of(PLAN), lost=loss)
    summary = record.summary()
    assert (summary.lost, summary.complete, summary.trust.ok) == ((loss,), False, False)
    assert record.remarks == ()  # the summary says it


def test_a_worker_that_left_nothing_is_named(tmp_path: Path) -> None:
    record = a_run(tmp_path, a_snapshot(0, 10), workers=2, judge=Judge.of(PLAN))
    assert record.remarks == ("Worker 1 of 2 left no snapshot: its share of the users is missing.",)


def test_a_worker_that_fell_silent_before_the_run_was_killed_is_named(tmp_path: Path) -> None:
    snapshots = [a_snapshot(0, 10, worker=0), a_snapshot(0, 2, worker=1)]
    record = a_run(tmp_path, *snapshots, workers=2, judge=Judge.of(PLAN), ended=False)
    assert record.remarks[1:] == (
        "The last snapshot of worker 1 of 2 ends 8 s before the others': its share of the users is missing from then "
        "on.",
    )


def test_a_journal_out_of_its_folder_is_read_and_has_none(tmp_path: Path) -> None:
    a_run(tmp_path, a_snapshot(0, 10))
    journal = tmp_path / "timeline.jsonl"
    assert Record.read(journal).folder == Record.read(tmp_path).folder
    moved = journal.rename(tmp_path / "of-yesterday.jsonl")
    assert Record.read(moved).folder is None


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"There is no .*gone: name a run folder"):
        Record.read(tmp_path / "gone")
    with pytest.raises(RunError, match=r"holds no timeline\.jsonl, the journal of a run: name a run folder"):
        Record.read(tmp_path)
