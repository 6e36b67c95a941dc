from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.report.summaries import a_plan, a_snapshot
from wavetank.cli.report import report
from wavetank.execution.folder.journal import Journal, JournalHeader
from wavetank.execution.judge import Judge
from wavetank.metrics.loss import Loss
from wavetank.metrics.thresholds import Bound, Threshold
from wavetank.plan.model import Plan
from wavetank.plan.outline import Outline
from wavetank.report.text import details, results_block

START = "2026-01-02T03:04:05Z"
PLAN = a_plan()
STRICT_PLAN = replace(PLAN, thresholds=(Threshold("websocket.connects", Bound(">", 10**6)),))


def a_journal(folder: Path, plan: Plan = PLAN) -> Journal:
    """The journal of a run of one snapshot, without its end."""
    journal = Journal(folder / "timeline.jsonl", pytest.fail)
    journal.start(JournalHeader(START, plan.name, plan.headline, 1, Judge.of(plan), Outline.of(plan)))
    journal.write(a_snapshot())
    return journal


def reported(*words: object) -> Result:
    return CliRunner().invoke(report, [str(word) for word in words])


def test_it_prints_what_the_run_printed_in_the_end(tmp_path: Path) -> None:
    a_journal(tmp_path).finish(complete=True)
    summary = Judge.of(PLAN).summary([a_snapshot()], started_at=START, complete=True)
    result = reported(tmp_path)
    assert result.stdout == f"{results_block(summary)}\n\n{details(summary, Outline.of(PLAN))}\n"
    assert result.exit_code == 0
    assert json.loads((tmp_path / "summary.json").read_bytes()) == json.loads(json.dumps(summary.to_dict()))
    assert result.stderr == f"Written: {tmp_path / 'summary.json'}\n"


def test_the_summary_that_the_run_wrote_stays_as_it_is(tmp_path: Path) -> None:
    a_journal(tmp_path).finish(complete=True)
    (tmp_path / "summary.json").write_bytes(b"precious")
    assert reported(tmp_path).stderr == ""
    assert (tmp_path / "summary.json").read_bytes() == b"precious"


def test_json_goes_to_stdout_and_nowhere_else(tmp_path: Path) -> None:
    a_journal(tmp_path).close()
    result = reported(tmp_path / "timeline.jsonl", "--json")
    assert json.loads(result.stdout)["complete"] is False
    assert result.stderr.startswith("note: The journal has no end: the run was killed")
    assert not (tmp_path / "summary.json").exists()


def test_a_killed_run_is_judged_by_the_thresholds_of_its_script(tmp_path: Path) -> None:
    a_journal(tmp_path, STRICT_PLAN).close()
    result = reported(tmp_path)
    assert result.exit_code == 1
    assert "critical  websocket.connects" in result.stdout
    assert "The run is not complete" in result.stdout


def test_the_exit_code_is_that_of_the_run(tmp_path: Path) -> None:
    for name, ending in {
        "complete": {"complete": True},
        "interrupted": {"complete": False, "interrupted": True},
        "aborted": {"complete": False, "aborted": "error_rate was 9 % after 00:03, target is < 1"},
    }.items():
        (tmp_path / name).mkdir()
        a_journal(tmp_path / name).finish(**ending)  # type: ignore[arg-type]  # each of them fits
    assert reported(tmp_path / "complete").exit_code == 0
    assert reported(tmp_path / "complete", "--strict").exit_code == 1  # 8 users failed, which is worth a warning
    assert reported(tmp_path / "interrupted").exit_code == 130
    aborted = reported(tmp_path / "aborted")
    assert aborted.exit_code == 1
    assert "aborted: error_rate was 9 %" in aborted.stdout


def test_a_lost_worker_is_told_in_the_text_and_costs_trust(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    journal.lost(Loss(1, 2, 12 * 10**9, "its process was killed (SIGKILL)"))
    journal.finish(complete=True)
    result = reported(tmp_path)
    assert result.exit_code == 4
    assert "worker 1 of 2 was lost after 00:12" in result.stdout
    assert json.loads((tmp_path / "summary.json").read_bytes())["lost"][0]["worker"] == 1


def test_a_damaged_line_is_told(tmp_path: Path) -> None:
    a_journal(tmp_path).finish(complete=True)
    with (tmp_path / "timeline.jsonl").open("ab") as journal:
        journal.write(b'{"worker": 0\n')
    result = reported(tmp_path)
    assert "note: Line 4 of the journal cannot be read: what was measured then is missing.\n" in result.stderr
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "holds no timeline.jsonl, the journal of a run: name a run folder."),
        (b"", "is no journal of a run: its first line is not the header."),
        (
            b'{"schema": 9, "started_at": "", "name": "", "headline": null}\n',
            "was written by a newer Wavetank (schema 9): update this one to read it.",
        ),
    ],
)
def test_what_is_no_run_is_a_sentence_and_exit_code_2(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / "timeline.jsonl").write_bytes(content)
    result = reported(tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.endswith(f" {sentence}\n")
    assert result.stderr.count("\n") == 1


def test_a_folder_that_does_not_exist_is_exit_code_2(tmp_path: Path) -> None:
    result = reported(tmp_path / "gone")
    assert result.exit_code == 2
    assert result.stderr == f"error: There is no {tmp_path / 'gone'}: name a run folder.\n"
