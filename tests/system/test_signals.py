"""A run that is interrupted: it ends in good order, and says what was measured until then."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.system.under_way import ENDLESS_SESSIONS, SHORT_SESSIONS, running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these signals to one process")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_one_signal_lets_those_under_way_end_and_starts_nobody(number: signal.Signals, tmp_path: Path) -> None:
    with running(SHORT_SESSIONS, tmp_path) as run:
        run.wait_for_users(15)
        sent_at = run.interrupt(number)
        outcome = run.outcome()
        took_s = time.monotonic() - sent_at

    assert outcome.code == 130
    assert took_s < 5
    assert outcome.summary["complete"] is False
    counters = outcome.counters
    assert 15 <= counters["vusers.created"] <= 25
    assert counters["vusers.completed"] == counters["vusers.created"]
    assert counters["websocket.replies"] == 5 * counters["vusers.created"]
    assert "under way" in outcome.stderr
    lines = (outcome.folder / "timeline.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 2
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert "WEBSOCKET STRESS TEST RESULTS" in outcome.stdout


def test_a_second_signal_ends_everybody_at_once(tmp_path: Path) -> None:
    with running(ENDLESS_SESSIONS, tmp_path) as run:
        run.wait_for_users(10)
        run.interrupt(signal.SIGINT)
        assert run.process.stderr is not None
        assert any("Press Ctrl-C again" in line for line in run.process.stderr)
        assert run.process.poll() is None
        sent_at = run.interrupt(signal.SIGINT)
        outcome = run.outcome()
        took_s = time.monotonic() - sent_at

    assert outcome.code == 130
    assert took_s < 5
    assert outcome.summary["complete"] is False
    assert outcome.counters["vusers.interrupted"] == outcome.counters["vusers.created"] >= 10
    assert outcome.errors == {}
    assert outcome.counters["websocket.replies"] >= 10
    assert (outcome.folder / "timeline.jsonl").stat().st_size


def test_a_run_that_is_killed_leaves_the_seconds_until_then(tmp_path: Path) -> None:
    with running(SHORT_SESSIONS, tmp_path) as run:
        run.wait_for_users(30)
        run.process.kill()
        run.process.communicate(timeout=20)

    lines = (run.folder / "timeline.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 2
    assert not (run.folder / "summary.json").exists()
    assert (run.folder / "plan.json").exists()
