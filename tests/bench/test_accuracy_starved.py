"""What counts as a broken promise, and what a series that was cut off leaves behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from bench.accuracy.answerer import BEGAN, OVER
from bench.accuracy.starved import Outcome, append, read, starved_table, starved_text
from websockets.sync.client import connect

RUN = Outcome(
    kind="shared",
    delay_ms=5.0,
    seconds=5.0,
    true_p99=6.0,
    reported_p99=6.3,
    replies=2500,
    ok=True,
    reasons=(),
    code=0,
    foreign=0.02,
    kept_off=False,
    took_s=6.4,
)


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({}, False),
        ({"ok": False}, False),
        ({"reported_p99": 6.7}, True),
        ({"reported_p99": 6.7, "ok": False}, False),
        ({"kind": "quiet", "ok": False}, True),
        ({"kind": "alone", "ok": False}, True),
        ({"kind": "alone", "ok": False, "foreign": 0.5}, False),
        ({"kind": "quiet", "ok": False, "foreign": 0.5, "kept_off": True}, True),
        ({"kind": "quiet", "ok": False, "reported_p99": 6.7}, False),
    ],
)
def test_a_promise_is_broken_by_trust_in_a_moved_run_and_by_distrust_of_a_quiet_one(
    changes: dict[str, object], broken: bool
) -> None:
    assert replace(RUN, **changes).broken == broken


def test_a_series_that_was_cut_off_goes_on_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    assert read(path) == []
    runs = [RUN, replace(RUN, kind="quiet", reasons=("worker 0 waited",))]
    for run in runs:
        append(path, run)
    assert read(path) == runs
    path.write_text('{"other": 1}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="no file of results"):
        read(path)


def test_the_table_has_a_row_for_each_delay_and_kind_and_the_text_says_what_was_missed() -> None:
    runs = [RUN, replace(RUN, reported_p99=7.5), replace(RUN, delay_ms=100.0)]
    assert starved_table(runs).splitlines()[2:] == [
        "| shared | 5 ms | 2 | 0 | +5.0 to +25.0 % | 1 | 1 | 0 | **missed** |",
        "| shared | 100 ms | 1 | 0 | +5.0 to +5.0 % | 0 | 0 | 0 | kept |",
    ]
    assert "A promise was missed" in starved_text(runs, "here")
    assert "A promise was missed" not in starved_text(runs[2:], "here")


def test_the_server_tells_when_clients_are_there_and_its_true_delays() -> None:
    command = [sys.executable, "-m", "bench.accuracy.answerer", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as server:
        try:
            assert server.stdout is not None
            with connect(f"ws://127.0.0.1:{int(server.stdout.readline())}/", compression=None) as client:
                assert server.stdout.readline().strip() == BEGAN
                for text in ("one", "two"):
                    client.send(text)
                    assert client.recv(timeout=10) == text
            assert server.stdout.readline().strip() == OVER
            server.send_signal(signal.SIGTERM)
            delays = json.loads(server.stdout.readline())
        finally:
            server.kill()
    assert len(delays) == 2
    assert min(delays) >= 20_000_000
