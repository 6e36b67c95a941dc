"""Workers in processes of their own: what happens when one is lost, or the coordinator, or the terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.command import COMMAND, CommandLine, environment, read_summary
from tests.system.servers.raw import RawServer
from tests.system.under_way import ENDLESS_SESSIONS, LONG, SHORT_SESSIONS, pong, running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks the workers up in /proc")

PATIENCE_S = 30.0

TOGETHER = """\
config:
  target: ws://127.0.0.1:1
  phases: [{duration: 2, arrivalCount: 20}]
scenarios:
  - flow:
      - connect: /ws
      - rendezvous
      - send: {name: ping, payload: {type: ping}, match: {json: $.type, value: pong}}
"""


def wait_until(holds: Callable[[], bool]) -> None:
    """Until it holds; fails the test when that takes too long."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def workers_of(coordinator: int) -> list[int]:
    """The processes of its workers."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and is_alive(int(folder.name)):
            try:
                parent = int(re.findall(r"PPid:\s+(\d+)", (folder / "status").read_text())[0])
                command = (folder / "cmdline").read_bytes()
            except (OSError, IndexError):  # it has gone meanwhile
                continue
            if parent == coordinator and b"wavetank.execution.fleets.process" in command:
                found.append(int(folder.name))
    return sorted(found)


def is_alive(process: int) -> bool:
    """Whether there is such a process, and it is not just waiting to be buried."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def snapshots_of(folder: Path) -> list[dict[str, object]]:
    """The snapshots in the journal so far."""
    try:
        lines = (folder / "timeline.jsonl").read_bytes().splitlines()
    except OSError:
        return []
    entries = [json.loads(line) for line in lines if line.endswith(b"}")]
    return [entry for entry in entries if "counters" in entry]


def has_measured(folder: Path, workers: set[int]) -> bool:
    return {snapshot["worker"] for snapshot in snapshots_of(folder)} >= workers


def test_each_worker_carries_its_share_and_the_sum_is_exact(wavetank: CommandLine) -> None:
    with RawServer(pong) as server:
        outcome = wavetank.run(SHORT_SESSIONS.replace("duration: 60", "duration: 2"), server.url, "--workers", "3")

    assert outcome.code == 0
    assert outcome.counters["vusers.created"] == outcome.counters["vusers.completed"] == 40
    assert outcome.counters["websocket.replies"] == 200
    created: dict[object, int] = {}
    for snapshot in snapshots_of(outcome.folder):
        counters = snapshot["counters"]
        assert isinstance(counters, dict)
        created[snapshot["worker"]] = created.get(snapshot["worker"], 0) + counters.get("vusers.created", 0)
    assert sorted(created.values()) == [13, 13, 14]
    assert [worker["index"] for worker in outcome.summary["workers"]] == [0, 1, 2]


def test_users_of_all_workers_wait_for_each_other_at_a_rendezvous(wavetank: CommandLine) -> None:
    with RawServer(pong) as server:
        outcome = wavetank.run(TOGETHER, server.url, "--workers", "3")

    assert outcome.code == 0
    assert outcome.counters["vusers.completed"] == 20
    firsts = [
        flow["ping"][0] for snapshot in snapshots_of(outcome.folder) if (flow := snapshot["flow"]) and "ping" in flow
    ]
    # The last of them arrives 1.9 s after the start; with a rendezvous for each worker, one would be earlier.
    assert len(firsts) == 3
    assert min(firsts) >= 1_900_000_000


def test_a_worker_that_is_killed_costs_its_share_and_nothing_else(tmp_path: Path) -> None:
    with running(LONG.replace("duration: 60", "duration: 6") % ("100ms", 30), tmp_path, "--workers", "2") as run:
        wait_until(lambda: has_measured(run.folder, {0, 1}))
        first, _second = workers_of(run.process.pid)
        os.kill(first, signal.SIGKILL)
        stdout, stderr = run.process.communicate(timeout=PATIENCE_S)

    summary = read_summary(run.folder)
    assert "was killed (SIGKILL)" in stderr
    assert "was lost" in stdout
    assert run.process.returncode == 4
    assert summary["complete"] is False
    assert summary["trust"]["ok"] is False
    assert [(loss["worker"], loss["of"]) for loss in summary["lost"]] in ([(0, 2)], [(1, 2)])
    lost = summary["lost"][0]["worker"]
    counters = summary["counters"]
    # The half of the other is there as a whole, and so is what the lost one had told before.
    assert counters["vusers.created"] > 60
    snapshots = snapshots_of(run.folder)
    assert sum(snapshot["counters"].get("vusers.created", 0) for snapshot in snapshots) == counters["vusers.created"]  # type: ignore[attr-defined]
    left = sum(s["counters"].get("vusers.created", 0) for s in snapshots if s["worker"] != lost)  # type: ignore[attr-defined]
    assert left == 60


def test_a_run_that_loses_all_its_workers_was_not_carried_out(tmp_path: Path) -> None:
    with running(ENDLESS_SESSIONS, tmp_path, "--workers", "2") as run:
        wait_until(lambda: has_measured(run.folder, {0, 1}))
        for worker in workers_of(run.process.pid):
            os.kill(worker, signal.SIGKILL)
        stdout, _ = run.process.communicate(timeout=PATIENCE_S)

    assert run.process.returncode == 3
    assert len(read_summary(run.folder)["lost"]) == 2
    assert "WEBSOCKET STRESS TEST RESULTS" in stdout


def test_a_killed_coordinator_leaves_no_orphans_and_its_journal_gives_the_report(tmp_path: Path) -> None:
    with running(ENDLESS_SESSIONS, tmp_path, "--workers", "2") as run:
        wait_until(lambda: has_measured(run.folder, {0, 1}))
        workers = workers_of(run.process.pid)
        run.process.kill()
        run.process.communicate(timeout=PATIENCE_S)
        wait_until(lambda: not any(map(is_alive, workers)))

    assert len(workers) == 2
    assert not (run.folder / "summary.json").exists()
    ended = subprocess.run(
        [*COMMAND, "report", str(run.folder)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    assert "WEBSOCKET STRESS TEST RESULTS" in ended.stdout
    assert "killed" in ended.stdout + ended.stderr
    summary = read_summary(run.folder)
    assert summary["complete"] is False
    assert summary["counters"]["websocket.replies"] > 0


def test_a_stopped_worker_is_told_of(tmp_path: Path) -> None:
    with running(ENDLESS_SESSIONS, tmp_path, "--workers", "2") as run:
        wait_until(lambda: has_measured(run.folder, {0, 1}))
        first, _second = workers_of(run.process.pid)
        os.kill(first, signal.SIGSTOP)
        try:
            assert run.process.stderr is not None
            assert any("has said nothing for" in line for line in run.process.stderr)
        finally:
            os.kill(first, signal.SIGCONT)
        assert any("is back" in line for line in run.process.stderr)


def test_closing_the_terminal_ends_the_run_in_good_order(tmp_path: Path) -> None:
    script = tmp_path / "long.yml"
    script.write_text(SHORT_SESSIONS, encoding="utf-8")
    folder = tmp_path / "run"
    with RawServer(pong) as server:
        terminal, its_end = os.openpty()
        process = subprocess.Popen(
            [*COMMAND, "run", str(script), "-t", server.url, "-o", str(folder), "--workers", "2"],
            env={**environment(), "TERM": "xterm"},
            stdin=its_end,
            stdout=its_end,
            stderr=its_end,
            start_new_session=True,
            # The new session's terminal: it is whose closing sends SIGHUP.
            preexec_fn=_take_terminal,
        )
        os.close(its_end)
        with process:
            try:
                wait_until(lambda: has_measured(folder, {0, 1}))
                workers = workers_of(process.pid)
                os.close(terminal)
                process.wait(PATIENCE_S)
            finally:
                process.kill()
        wait_until(lambda: not any(map(is_alive, workers)))

    assert process.returncode == 130
    assert len(workers) == 2
    summary = read_summary(folder)
    assert summary["complete"] is False
    assert summary["counters"]["vusers.completed"] == summary["counters"]["vusers.created"] > 0


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a run ignores it where the tests were started under nohup
