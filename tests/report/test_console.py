from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console as Terminal

from tests.report.summaries import a_plan, a_snapshot, a_summary
from wavetank.metrics.snapshot import ErrorCount, Snapshot
from wavetank.plan.phases import Pause, Rate
from wavetank.report.console import Console

FOLDER = Path("runs") / "20260102T030405Z-ymera"


class FakeTerminal(io.StringIO):
    """A terminal 100 columns wide, as rich sees it."""

    def __init__(self, **environ: str) -> None:
        super().__init__()
        self.rich = Terminal(file=self, force_terminal=True, width=100, legacy_windows=False, _environ=environ)


@pytest.fixture
def terminal() -> FakeTerminal:
    return FakeTerminal(TERM="xterm-256color")


@pytest.fixture
def shown(terminal: FakeTerminal) -> Iterator[Console]:
    console = Console(terminal=terminal.rich, results=io.StringIO())
    yield console
    console.close()


def seconds(console: Console, last: int) -> None:
    total = Snapshot()
    for second in range(last):
        snapshot = a_snapshot(second, second + 1)
        total += snapshot
        console.snapshot(snapshot, total)


def test_in_a_pipe_there_is_a_plain_line_after_a_second_and_every_five(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.start(a_plan(), a_plan().target, FOLDER)
    seconds(console, 16)
    out, err = capsys.readouterr()
    assert out == ""
    assert "\x1b" not in err
    lines = err.splitlines()
    assert lines[0] == "Running ymera against ws://***@localhost:8000/ws: 2 phases over 00:15, seed 7"
    assert lines[1] == f"Run folder: {FOLDER}"
    assert [each.split("  ")[0] for each in lines[2:]] == ["00:01", "00:05", "00:10", "00:15"]
    assert "waiting for 50 users to end" in lines[-1]


def test_force_color_sends_no_live_display_into_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = Console()
    console.start(a_plan(), a_plan().target, None)
    seconds(console, 1)
    assert "\x1b" not in capsys.readouterr().err


def test_results_go_to_stdout_and_everything_else_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.start(a_plan(), a_plan().target, FOLDER)
    console.notice("stopping…")
    console.finish(a_summary(), FOLDER)
    out, err = capsys.readouterr()
    assert out.startswith("=" * 40 + "\nWEBSOCKET STRESS TEST RESULTS\n")
    assert out.endswith("Verdict: ok (no threshold was judged)\n")
    assert "agent_message    100       98     2" in out
    assert err.splitlines()[-2:] == ["stopping…", f"Everything about this run is in {FOLDER}"]


def test_quiet_means_nothing_but_warnings_and_the_results(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(quiet=True)
    console.start(a_plan(), a_plan().target, FOLDER)
    console.log("said by a log step")
    console.notice("a warning")
    seconds(console, 5)
    console.finish(a_summary(), FOLDER)
    out, err = capsys.readouterr()
    assert err == "a warning\n"
    assert out.startswith("=" * 40)


def test_on_a_terminal_a_live_display_shows_the_run(terminal: FakeTerminal, shown: Console) -> None:
    shown.start(a_plan(), a_plan().target, None)
    seconds(shown, 5)
    text = terminal.getvalue()
    for part in (
        "phase Warm-up 1/2",
        "planned 5.0 users/s",
        "00:05 of 00:15, 00:10 left",
        "50 active, 5,000 started, 40 failed",
        "49 open",
        "/s sent",
        "p95 10.0 ms",
        "15: Connection timeout 10, HTTP 403 5",
    ):
        assert part in text
    shown.close()
    assert terminal.getvalue().count("\x1b[?25l") == terminal.getvalue().count("\x1b[?25h") == 1


def test_the_display_draws_when_a_snapshot_comes_and_has_no_thread(terminal: FakeTerminal, shown: Console) -> None:
    threads = threading.active_count()
    shown.start(a_plan(), a_plan().target, None)
    assert threading.active_count() == threads
    first = a_snapshot(0, 1, worker=0)
    shown.snapshot(first, first)
    drawn = terminal.getvalue()
    other = a_snapshot(0, 1, worker=1)
    shown.snapshot(other, first + other)
    assert terminal.getvalue() == drawn


def test_a_notice_stands_above_the_display_at_once(terminal: FakeTerminal, shown: Console) -> None:
    shown.start(a_plan(), a_plan().target, None)
    seconds(shown, 1)
    shown.notice("stopping: \x1b[2J[bold]not markup[/bold]")
    assert "stopping:  [2J[bold]not markup[/bold]\n" in terminal.getvalue()


def test_a_flood_of_notices_is_shown_in_bulk_and_none_is_lost(terminal: FakeTerminal, shown: Console) -> None:
    shown.start(a_plan(), a_plan().target, None)
    for number in range(100):
        shown.notice(f"log line {number};")
    assert "log line 99;" not in terminal.getvalue()
    seconds(shown, 1)
    for number in range(100):
        assert terminal.getvalue().count(f"log line {number};") == 1
    for number in range(100, 120):
        shown.notice(f"log line {number};")
    shown.close()
    assert terminal.getvalue().count("log line 119;") == 1


def test_no_color_is_respected() -> None:
    terminal = FakeTerminal(TERM="xterm-256color", NO_COLOR="1")
    console = Console(terminal=terminal.rich, results=io.StringIO())
    console.start(a_plan(), a_plan().target, None)
    seconds(console, 1)
    console.close()
    assert "errors" in terminal.getvalue()
    for colour in range(30, 38):
        assert f"\x1b[{colour}m" not in terminal.getvalue()
    assert "\x1b[9" not in terminal.getvalue()


def test_a_dumb_terminal_gets_plain_lines() -> None:
    terminal = FakeTerminal(TERM="dumb")
    console = Console(terminal=terminal.rich, results=io.StringIO())
    console.start(a_plan(), a_plan().target, None)
    seconds(console, 1)
    assert terminal.getvalue().splitlines()[-1].startswith("00:01  phase Warm-up 1/2")
    assert "\x1b" not in terminal.getvalue()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
@pytest.mark.parametrize("live", [True, False])
def test_a_terminal_that_knows_few_characters_gets_question_marks(encoding: str, live: bool) -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    results = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    rich_terminal = Terminal(
        file=file, force_terminal=live, width=100, legacy_windows=False, _environ={"TERM": "xterm"}
    )
    console = Console(terminal=rich_terminal, results=results)
    plan = a_plan(Rate(name="波 1", duration_s=10, rate=5), name="測試 \udcff")
    console.start(plan, plan.target, Path("läufe"))
    console.notice("stopping… 波")
    total = a_snapshot(0, 1)
    total.errors["波"] = ErrorCount(9, "波")
    console.snapshot(total, total)
    console.finish(a_summary(total), None)
    file.flush()
    results.seek(0)
    text, error = raw.getvalue().decode(encoding), "波 (9): 波" if encoding == "utf-8" else "? (9): ?"
    assert "stopping" in text
    assert ("phase 波 1 1/1" if encoding == "utf-8" else "phase ? 1 1/1") in text
    assert error in results.read()


def test_a_terminal_that_goes_away_ends_the_display_and_not_the_run(terminal: FakeTerminal, shown: Console) -> None:
    stderr = sys.stderr
    shown.start(a_plan(), a_plan().target, None)
    terminal.close()
    seconds(shown, 3)
    shown.notice("unheard")
    shown.finish(a_summary(), None)
    assert sys.stderr is stderr


def test_a_broken_pipe_ends_the_lines_and_not_the_run() -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    results = io.StringIO()
    console = Console(terminal=Terminal(file=Broken(), force_terminal=False), results=results)
    console.start(a_plan(), a_plan().target, None)
    seconds(console, 6)
    console.finish(a_summary(), None)
    assert "Verdict: ok" in results.getvalue()


def test_a_plan_without_duration_shows_a_full_bar(terminal: FakeTerminal, shown: Console) -> None:
    shown.start(a_plan(Pause(name="Nothing", duration_s=0)), "ws://localhost", None)
    seconds(shown, 1)
    assert "waiting for 50 users to end" in terminal.getvalue()
    assert "00:01, 00:01 after the last arrival was due" in terminal.getvalue()


def test_close_may_come_twice_and_before_start(terminal: FakeTerminal) -> None:
    console = Console(terminal=terminal.rich)
    console.close()
    console.start(a_plan(), "ws://localhost", None)
    console.close()
    console.close()
    assert terminal.getvalue().count("\x1b[?25h") == 1
