from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.summaries import a_plan, a_snapshot
from wavetank.errors import RunError
from wavetank.execution.folder import journal as journal_module
from wavetank.execution.folder.journal import Journal, JournalHeader, read_journal
from wavetank.execution.judge import Judge
from wavetank.metrics.loss import Loss
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.outline import Outline

HEADER = JournalHeader("2026-01-02T03:04:05Z", "ymera", "agent_message")


def no_trouble(text: str) -> None:
    pytest.fail(text)


def write_journal(path: Path, snapshots: int = 3, complete: bool | None = True) -> None:
    journal = Journal(path, no_trouble)
    journal.start(HEADER)
    for second in range(snapshots):
        journal.write(a_snapshot(second, second + 1))
    if complete is None:
        journal.close()
    else:
        journal.finish(complete)


@pytest.mark.parametrize("complete", [True, False])
def test_what_was_written_is_read_again(tmp_path: Path, complete: bool) -> None:
    path = tmp_path / "timeline.jsonl"
    write_journal(path, complete=complete)
    record = read_journal(path)
    assert record.header == HEADER
    assert list(record.snapshots) == [a_snapshot(second, second + 1) for second in range(3)]
    assert (record.ended, record.complete, record.damaged, record.remark) == (True, complete, (), "")
    assert Snapshot.total(record.snapshots).counters["vusers.created"] == 3000


def test_each_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    journal = Journal(path, no_trouble)
    journal.start(HEADER)
    assert orjson.loads(path.read_bytes()) == {
        "schema": 1,
        "started_at": "2026-01-02T03:04:05Z",
        "name": "ymera",
        "headline": "agent_message",
        "workers": 1,
        "judge": None,
        "outline": None,
    }
    journal.write(a_snapshot(0, 1))
    assert len(path.read_bytes().splitlines()) == 2
    journal.close()


def test_a_killed_run_leaves_everything_up_to_its_last_second(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    write_journal(path, complete=None)
    record = read_journal(path)
    assert len(record.snapshots) == 3
    assert (record.ended, record.complete) == (False, False)
    assert record.remark.startswith("The journal has no end: the run was killed")


@settings(deadline=None)
@given(data=st.data())
def test_a_journal_cut_anywhere_keeps_its_whole_lines(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "timeline.jsonl"
    write_journal(path)
    content = path.read_bytes()
    first = content.index(b"\n")
    cut = data.draw(st.integers(first + 1, len(content)))
    path.write_bytes(content[:cut])
    record = read_journal(path)
    assert record.header == HEADER
    ends = [place + 1 for place, byte in enumerate(content) if byte == ord("\n")][1:4]
    # A line that only lacks its newline is whole.
    assert len(record.snapshots) == sum(cut >= end - 1 for end in ends)
    assert record.complete == (cut >= len(content) - 1)
    assert bool(record.remark) != record.complete


def test_a_truncated_last_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    write_journal(path, complete=None)
    path.write_bytes(path.read_bytes()[:-40])
    record = read_journal(path)
    assert len(record.snapshots) == 2
    assert record.damaged == (4,)
    assert "killed" in record.remark
    assert "line 4 " in record.remark


def test_a_damaged_line_costs_that_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    write_journal(path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b'{"worker": 0}\n'
    path.write_bytes(b"".join(lines))
    record = read_journal(path)
    assert [snapshot.start_ns for snapshot in record.snapshots] == [0, 2_000_000_000]
    assert (record.ended, record.complete, record.damaged) == (True, False, (3,))
    assert record.remark.startswith("Line 3 of the journal cannot be read")


@pytest.mark.parametrize("content", [b"", b"\n", b"[]\n", b'{"schema": 1}\n', b"\x00\x00", b'{"schema": null}\n'])
def test_another_file_is_no_journal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "timeline.jsonl"
    path.write_bytes(content)
    with pytest.raises(RunError, match="is no journal of a run"):
        read_journal(path)


def test_a_missing_journal_and_a_newer_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        read_journal(tmp_path / "timeline.jsonl")
    path = tmp_path / "newer.jsonl"
    path.write_bytes(b'{"schema": 2, "started_at": "", "name": "", "headline": null}\n')
    with pytest.raises(RunError, match=r"newer Wavetank \(schema 2\): update"):
        read_journal(path)


def test_a_full_disk_is_told_once_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class SmallDisk(io.FileIO):
        room = 300

        def write(self, data: memoryview) -> int:  # type: ignore[override]  # the one kind that the journal writes
            if not self.room:
                raise OSError(28, "No space left on device")
            written = super().write(data[: self.room])
            self.room -= written
            return written

    monkeypatch.setattr(journal_module, "FileIO", SmallDisk)
    path = tmp_path / "timeline.jsonl"
    told: list[str] = []
    journal = Journal(path, told.append)
    journal.start(HEADER)
    for second in range(3):
        journal.write(a_snapshot(second, second + 1))
    journal.finish(complete=True)
    assert len(told) == 1
    assert "cannot be written (No space left on device): the run goes on without it" in told[0]
    assert path.stat().st_size == 300
    assert read_journal(path).damaged == (2,)


def test_a_folder_that_has_vanished_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    journal = Journal(tmp_path / "gone" / "timeline.jsonl", told.append)
    journal.start(HEADER)
    journal.write(a_snapshot(0, 1))
    journal.finish(complete=True)
    assert len(told) == 1


def test_the_journal_of_another_run_is_never_written_to(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    path.write_bytes(b"precious")
    told: list[str] = []
    journal = Journal(path, told.append)
    journal.start(HEADER)
    journal.finish(complete=True)
    assert path.read_bytes() == b"precious"
    assert len(told) == 1


def test_a_name_that_json_cannot_carry_loses_only_that(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    journal = Journal(path, no_trouble)
    journal.start(JournalHeader("now", "caf\udce9", None))
    journal.finish(complete=True)
    assert read_journal(path).header == JournalHeader("now", "caf?", None)


def test_what_the_run_is_judged_by_comes_with_it_without_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    plan = a_plan()
    journal = Journal(path, no_trouble)
    journal.start(JournalHeader("now", plan.name, None, 2, Judge.of(plan), Outline.of(plan)))
    journal.lost(Loss(1, 2, 10**9, "ws://tester:hunter2@host refused it"))
    journal.finish(complete=False)
    assert b"hunter2" not in path.read_bytes()
    header = read_journal(path).header
    assert (header.workers, header.judge) == (2, Judge.of(plan))
    assert header.outline is not None
    assert header.outline.target == "ws://***@localhost:8000/ws"


def test_an_old_journal_is_read_and_its_run_was_ended_by_a_person_unless_it_was_complete(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    for complete in (True, False):
        path.write_bytes(
            b'{"schema": 1, "started_at": "now", "name": "ymera", "headline": null}\n'
            + orjson.dumps({"end": True, "complete": complete})
        )
        record = read_journal(path)
        assert record.header == JournalHeader("now", "ymera", None, 1, None, None)
        assert (record.complete, record.interrupted, record.aborted) == (complete, not complete, "")


@pytest.mark.parametrize("part", ["judge", "outline"])
@pytest.mark.parametrize("value", [7, {}, {"name": "ymera"}, {"thresholds": None}])
def test_a_header_with_a_part_that_nobody_understands_costs_no_figures(
    tmp_path: Path, part: str, value: object
) -> None:
    path = tmp_path / "timeline.jsonl"
    write_journal(path)
    first, *others = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([orjson.dumps(orjson.loads(first) | {part: value}), b"\n", *others]))
    record = read_journal(path)
    assert record.header == HEADER
    assert len(record.snapshots) == 3


def test_a_lost_worker_is_read_again_and_the_run_is_not_complete(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    loss = Loss(1, 2, 12 * 10**9, "its process was killed")
    journal = Journal(path, no_trouble)
    journal.start(HEADER)
    journal.write(a_snapshot(0, 1, worker=1))
    journal.lost(loss)
    journal.write(a_snapshot(0, 1, worker=0))
    journal.finish(complete=True)
    record = read_journal(path)
    assert record.lost == (loss,)
    assert [snapshot.worker for snapshot in record.snapshots] == [1, 0]
    assert (record.ended, record.complete, record.interrupted, record.damaged) == (True, False, False, ())


def test_who_ended_a_run_early_is_read_again(tmp_path: Path) -> None:
    reason = "websocket.response_time.p95 was 812 ms after 00:31, critical is > 200"
    for number, (aborted, interrupted) in enumerate([(reason, False), ("", True)]):
        journal = Journal(tmp_path / str(number), no_trouble)
        journal.start(HEADER)
        journal.finish(False, aborted=aborted, interrupted=interrupted)
        record = read_journal(tmp_path / str(number))
        assert (record.ended, record.complete) == (True, False)
        assert (record.aborted, record.interrupted) == (aborted, interrupted)
