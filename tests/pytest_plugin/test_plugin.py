"""The plugin as people use it: pytest runs their tests in a process of its own, against a real application."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.system.test_fleet import is_alive, wait_until, workers_of
from wavetank.target.embedded import EmbeddedTarget

pytest_plugins = ("pytester",)
pytestmark = pytest.mark.timeout(120)

PATIENCE_S = 90.0
COMMON = ("--strict-markers", "-W", "error", "-p", "no:cacheprovider")
HEAD = """
import pytest
from chat import agent, make_app, pings

@pytest.fixture
def app():
    return make_app()
"""


class Sub:
    """Runs pytest on tests beside the chat application; warnings are errors in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        pytester.makepyfile(chat=Path(__file__).with_name("chat.py").read_text(encoding="utf-8"))

    def __call__(self, tests: str, *options: str) -> pytest.RunResult:
        """How it ended."""
        self._pytester.makepyfile(test_chat=f"{HEAD}\n{tests}")
        return self._pytester.runpytest_subprocess(*COMMON, *options, timeout=PATIENCE_S)

    def start(self, tests: str) -> subprocess.Popen[bytes]:
        """The process, under way."""
        self._pytester.makepyfile(test_chat=f"{HEAD}\n{tests}")
        command = [sys.executable, "-m", "pytest", *COMMON]
        process: subprocess.Popen[bytes] = self._pytester.popen(
            command, subprocess.PIPE, subprocess.STDOUT, stdin=subprocess.DEVNULL, preexec_fn=_hear_ctrl_c
        )
        return process


def _hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a program ignores it where the tests were started in the background


@pytest.fixture
def sub(pytester: pytest.Pytester) -> Iterator[Sub]:
    yield Sub(pytester)
    if sys.platform == "linux":
        # Neither ours nor left to init, where those of other tests may be for a moment.
        wait_until(lambda: workers_of(1) == workers_of(os.getpid()) == [])


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with EmbeddedTarget() as embedded:
        yield embedded.url


def summary_of(result: pytest.RunResult) -> list[list[str]]:
    """The cells of the table's lines, without its head."""
    lines = result.outlines[[bool(re.fullmatch(r"=+ wavetank =+", line)) for line in result.outlines].index(True) + 1 :]
    return [line.split() for line in lines if line.startswith(("test_chat.py::", "..."))]


def test_it_is_installed_with_the_package() -> None:
    (entry,) = (each for each in entry_points(group="pytest11") if each.name == "wavetank")
    assert entry.value == "wavetank.pytest_plugin.plugin"


def test_loading_it_imports_nothing_of_the_engine() -> None:
    script = (
        "import sys, wavetank, pytest; before = set(sys.modules); import wavetank.pytest_plugin.plugin; "
        "print(*sorted(name for name in set(sys.modules) - before if name.partition('.')[0] in "
        "('wavetank', 'uvicorn', 'numpy', 'picows', 'uvloop')))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout.split() == [
        "wavetank.pytest_plugin",
        "wavetank.pytest_plugin.fixture",
        "wavetank.pytest_plugin.plugin",
        "wavetank.pytest_plugin.table",
    ]


def test_an_application_that_holds_passes_and_one_that_does_not_fails_readably(sub: Sub) -> None:
    result = sub(
        """
def test_holds(wavetank, app, tmp_path):
    result = wavetank(app, "/ws", scenario=agent, users=10, duration="1s")
    assert result.p95 < 5000, result.explain()
    assert result.counters["websocket.replies"] == app.state.connections * 5
    assert app.state.is_started
    assert (tmp_path / "wavetank-1" / "summary.json").exists()

def test_is_slow(wavetank, app):
    too_much = "websocket.response_time.p95 < 1us"
    result = wavetank(app, "/ws", scenario=agent, users=2, duration="200ms", thresholds=too_much)
    assert result.p95 < 0.001, result.explain()

def test_breaks(wavetank, app):
    result = wavetank(app, "/broken", scenario=agent, users=2, duration=None)
    assert result.verdict == "ok", result.explain()
"""
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            ">*assert result.p95 < 0.001, result.explain()",
            "E*AssertionError: Verdict: critical (1 of 2 thresholds missed)",
            "E*critical websocket.response_time.p95 is * ms, target < 0.001",
            "E*name * replies * p50 * p90 * p95 * p99 * max",
            "E*ping * 10 *",
            "E*Everything about this run is in *wavetank-1",
            "E*where * = <Result: critical, 2 users, 10 replies, *",
            "E*AssertionError: Verdict: critical (1 of 1 thresholds missed)",
            "E*Errors:",
            "*Captured log call*",
            '*KeyError: "the app\'s own mistake"',
        ]
    )
    rows = summary_of(result)
    assert [row[0] for row in rows] == [
        f"test_chat.py::{test}" for test in ("test_holds", "test_is_slow", "test_breaks")
    ]
    assert rows[1][1:3] == ["2", "10"]
    assert rows[2][1:] == ["2", "0", "n/a", "n/a", "n/a", "2", "critical", "ok"]


def test_users_of_a_url_need_no_application(sub: Sub, target: str) -> None:
    result = sub(
        f"""
def test_ws(wavetank):
    result = wavetank({target!r}, scenario=pings(3), users=4, duration=None)
    assert (result.counters["vusers.completed"], result.counters["websocket.replies"]) == (4, 12)
    assert result.plan.target == {target + "/ws"!r}
    assert result.plan.name == "test_ws"

def test_http(wavetank):
    url = {target.replace("ws://", "http://") + "/ws"!r}
    assert wavetank(url, scenario=pings(3), rate=20, duration="500ms").counters["vusers.completed"] == 10
"""
    )
    result.assert_outcomes(passed=2)


def test_users_in_python_come_with_their_setup_and_may_stand_in_the_test_itself(sub: Sub) -> None:
    result = sub(
        """
from chat import talker
from wavetank.flow.python.decorators import scenario

def test_imported(wavetank, app):
    result = wavetank(app, scenario=talker, users=4, duration=None)
    assert result.counters["websocket.replies"] == 12, result.explain()
    assert result.histograms["websocket.response_time.hello"].count == 12

@scenario
async def mistaken(user):
    raise KeyError(user.id)

def test_of_this_file(wavetank, app):
    result = wavetank(app, scenario=mistaken, users=2, duration=None)
    assert result.verdict == "ok", result.explain()

def test_inside(wavetank, app):
    said = []

    @scenario
    async def closure(user):
        said.append(user.index)

    wavetank(app, scenario=closure, users=3, duration=None)
    assert sorted(said) == [0, 1, 2]
"""
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["E*Errors:", "E*KeyError*", "E*raise KeyError(user.id)"])


def test_the_marker_gives_defaults_and_the_call_has_the_last_word(sub: Sub, target: str) -> None:
    result = sub(
        f"""
pytestmark = pytest.mark.wavetank(scenario=pings(1), duration=None, workers=0, users=5, seed=9)

@pytest.mark.wavetank(users=3)
def test_nearest(wavetank):
    result = wavetank({target!r})
    assert (result.counters["vusers.created"], result.plan.seed) == (3, 9)
    assert wavetank({target!r}, users=2).counters["vusers.created"] == 2

@pytest.mark.wavetank(usres=3)
def test_typo(wavetank):
    wavetank({target!r})

@pytest.mark.wavetank(3)
def test_position(wavetank):
    wavetank({target!r})
"""
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["E*TypeError: usres: no argument of wavetank; there are duration, path, plan, *"])
    result.stdout.fnmatch_lines(["E*TypeError: the marker wavetank takes arguments by their names only, and not 3"])
    assert [row[:2] for row in summary_of(result)] == [["test_chat.py::test_nearest", count] for count in ("3", "2")]


def test_several_runs_of_a_test_share_the_server(sub: Sub) -> None:
    result = sub(
        """
def test_twice(wavetank, app, tmp_path):
    first = wavetank(app, scenario=agent, users=1, duration=None)
    second = wavetank(app, scenario=agent, users=2, duration=None)
    assert first.plan.target == second.plan.target
    assert app.state.connections == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wavetank-1", "wavetank-2"]
"""
    )
    result.assert_outcomes(passed=1)


def test_what_goes_wrong_in_startup_and_shutdown_of_the_application_is_shown(sub: Sub) -> None:
    result = sub(
        """
def test_startup(wavetank):
    wavetank(make_app("startup"), scenario=agent, users=1)

def test_shutdown(wavetank):
    wavetank(make_app("shutdown"), scenario=agent, users=1, duration=None)
"""
    )
    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["E*RunError: the application could not be started:", "E*ValueError: there is no database"]
    )
    result.stdout.fnmatch_lines(
        ["E*RunError: the application could not be shut down:", "E*ValueError: the database is gone"]
    )


def test_the_table_is_there_under_xdist_too(sub: Sub) -> None:
    result = sub(
        """
@pytest.mark.parametrize("users", [1, 2, 3])
def test_each(wavetank, app, users):
    wavetank(app, scenario=agent, users=users, duration=None)
""",
        "-n",
        "2",
    )
    result.assert_outcomes(passed=3)
    rows = summary_of(result)
    assert sorted(row[:3] for row in rows) == [[f"test_chat.py::test_each[{n}]", f"{n}", f"{5 * n}"] for n in (1, 2, 3)]


@pytest.mark.skipif(sys.platform != "linux", reason="looks the workers up in /proc")
def test_ctrl_c_ends_the_run_and_its_processes(sub: Sub, target: str) -> None:
    test = f"def test_all_day(wavetank): wavetank({target!r}, scenario=pings(10**6), users=4, duration='1h', workers=2)"
    with sub.start(test) as process:
        try:
            wait_until(lambda: len(workers_of(process.pid)) == 2)
            workers = workers_of(process.pid)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert b"KeyboardInterrupt" in output
    assert not any(map(is_alive, workers))


def test_without_a_run_there_is_no_table(sub: Sub) -> None:
    result = sub("def test_nothing(wavetank): pass")
    result.assert_outcomes(passed=1)
    assert " wavetank " not in result.stdout.str()


def test_without_uvicorn_the_extra_is_named(sub: Sub) -> None:
    result = sub(
        """
import sys

def test_app(wavetank, app, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    wavetank(app, scenario=agent, users=1)
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*ImportError: *pip install 'wavetank[[]pytest[]]'*"])
