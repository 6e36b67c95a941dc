from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.report.summaries import a_summary
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.summary import Trust
from wavetank.report.own_code import blocking_lines, trace_lines
from wavetank.report.text import details, results_block

MS = 1_000_000
TRACE = """Traceback (most recent call last):
  File "/home/me/scenario.py", line 12, in agent
    user.vars["id"]
KeyError: 'id'"""


def a_run(*blocked_ms: float, kinds: int = 1, trace: str = TRACE) -> Snapshot:
    recorder = Recorder(0)
    for number in range(kinds):
        recorder.error(f"KeyError at scenario.py:{number}", "agent() raised KeyError: 'id'", lambda: trace)
    for duration_ms in blocked_ms:
        recorder.blocked("agent() (scenario.py:7)", round(duration_ms * MS))
    return recorder.take(0, 0, 10**9, {}, {})


def test_a_mistake_is_shown_with_its_traceback_indented_under_it() -> None:
    text = details(a_summary(a_run()))
    assert (
        "Errors\n"
        "  KeyError at scenario.py:0 (1): agent() raised KeyError: 'id'\n"
        "      Traceback (most recent call last):\n"
        '        File "/home/me/scenario.py", line 12, in agent\n'
        '          user.vars["id"]\n'
        "      KeyError: 'id'\n"
    ) in text
    assert "  KeyError at scenario.py:0: 1\n" in results_block(a_summary(a_run()))


def test_of_many_kinds_only_some_are_shown_with_their_traceback() -> None:
    text = details(a_summary(a_run(kinds=40)))
    assert text.count("  KeyError at ") == 40
    assert text.count("Traceback (most recent") == 10


def test_of_a_long_traceback_the_beginning_and_the_end_are_shown() -> None:
    lines = trace_lines("\n".join(f"line {number}" for number in range(60)))
    assert [line.strip() for line in (lines[0], lines[8], lines[-1])] == [
        "line 0",
        "[... 36 more lines: summary.json has them]",
        "line 59",
    ]
    assert len(lines) == 25


def test_of_a_long_path_the_end_is_shown_with_the_line_number() -> None:
    [line] = trace_lines(f'  File "/{"folder/" * 20}scenario.py", line 12, in agent')
    assert len(line) <= 100
    assert line.startswith('        File "...')
    assert line.endswith('folder/scenario.py", line 12, in agent')


@given(st.text(max_size=500))
def test_no_line_is_wider_than_the_report(trace: str) -> None:
    assert all(len(line) <= 100 for line in trace_lines(trace))


def test_code_that_blocked_for_long_is_a_remark_where_the_run_is_trusted() -> None:
    summary = a_summary(a_run(60.0, 90.0))
    remark = (
        "worker 0 was blocked by agent() (scenario.py:7) for 0.15 s in 2 standstills, the longest 0.09 s: "
        "await instead of blocking, or move it to a thread (asyncio.to_thread)"
    )
    assert blocking_lines(summary) == [remark]
    assert remark in " ".join(details(summary).split())


def test_code_that_blocked_for_a_moment_is_not_worth_a_remark() -> None:
    assert blocking_lines(a_summary(a_run(60.0))) == []


def test_what_is_a_reason_already_is_no_remark_too() -> None:
    trust = Trust(ok=False, reasons=("worker 0 was blocked by agent() (scenario.py:7) for ...",))
    assert blocking_lines(a_summary(a_run(60.0, 90.0), trust=trust)) == []
    other = Trust(ok=False, reasons=("worker 0 waited for its core",))
    assert len(blocking_lines(a_summary(a_run(60.0, 90.0), trust=other))) == 1
