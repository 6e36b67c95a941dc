"""`wavetank report`: what a run said in the end, said again from its folder; also where there was no end."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.system.command import COMMAND, PATIENCE_S, CommandLine, environment, read_summary
from tests.system.servers.raw import RawServer
from tests.system.under_way import ENDLESS_SESSIONS, pong, running

JUDGED = """\
config:
  target: ws://127.0.0.1:1
  phases: [{name: Only, duration: 1, arrivalCount: 5}]
  ensure:
    thresholds: [{vusers.completed: 3}]
scenarios:
  - flow:
      - connect: /ws
      - send: {name: ping, payload: {type: ping}, match: {json: $.type, value: pong}}
      - send: {name: hint, payload: {type: hint}}
"""


def report(*words: str) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [*COMMAND, "report", *words],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    return ended


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_says_what_the_run_said_without_the_script(wavetank: CommandLine, workers: str) -> None:
    with RawServer(pong) as server:
        url = server.url.replace("ws://", "ws://tester:hunter2@")
        outcome = wavetank.run(JUDGED, url, "--workers", workers, "--quiet")
    assert outcome.code == 1
    assert outcome.script is not None
    outcome.script.unlink()
    again = report(str(outcome.folder))
    assert again.stdout == outcome.stdout
    assert again.returncode == outcome.exit_code
    assert again.stderr == ""
    assert json.loads(report(str(outcome.folder), "--json").stdout) == outcome.summary
    assert "hunter2" not in (outcome.folder / "timeline.jsonl").read_text(encoding="utf-8")


def test_a_run_that_was_killed_is_judged_by_what_it_measured(tmp_path: Path) -> None:
    script = ENDLESS_SESSIONS.replace("scenarios:", "  ensure: {thresholds: [{vusers.created: 1}]}\nscenarios:")
    with running(script, tmp_path, "--workers", "1") as run:
        # The first of these snapshots is in the journal once users of the next second have come.
        run.wait_for_users(45)
        run.process.kill()
        run.process.communicate(timeout=PATIENCE_S)
    assert not (run.folder / "summary.json").exists()
    ended = report(str(run.folder))
    assert ended.returncode == 1
    assert ended.stderr.startswith("note: The journal has no end")
    assert "critical  vusers.created" in ended.stdout
    summary = read_summary(run.folder)
    assert summary["complete"] is False
    assert summary["counters"]["websocket.replies"] > 0
    assert [phase["from_s"] for phase in summary["phases"]] == [0]


def test_a_reader_who_leaves_early_changes_nothing(tmp_path: Path, wavetank: CommandLine) -> None:
    with RawServer(pong) as server:
        outcome = wavetank.run(JUDGED, server.url, "--quiet")
    process = subprocess.Popen(
        [*COMMAND, "report", str(outcome.folder)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE_S) == outcome.exit_code
