"""What pytest loads. It does in each of its runs, so nothing of the engine is imported before a test asks for it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from wavetank.pytest_plugin.fixture import WavetankFixture
from wavetank.pytest_plugin.table import Row, table

_MARKER = (
    "wavetank(path, users, duration, rate, thresholds, …): defaults for the arguments of the fixture `wavetank`, "
    'such as @pytest.mark.wavetank(users=200, duration="10s")'
)

_RUNS: pytest.StashKey[list[Row]] = pytest.StashKey()
"""The runs of a test that none of its reports has yet."""

_ATTRIBUTE = "wavetank_runs"
"""Of a report. pytest-xdist takes what a report has from its workers to the process that prints."""


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known, and collects the runs of all tests."""
    config.addinivalue_line("markers", _MARKER)
    config.pluginmanager.register(_Runs(), "wavetank-runs")


@pytest.fixture
def wavetank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WavetankFixture]:
    """Runs users against a WebSocket server or an ASGI application: `wavetank(app, "/ws", scenario=…, users=…)`."""
    rows = request.node.stash.setdefault(_RUNS, [])
    with WavetankFixture(request.node, tmp_path, rows.append) as fixture:
        yield fixture


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Gives the runs of a test to its report."""
    report = yield
    rows = item.stash.get(_RUNS, [])
    if rows:
        setattr(report, _ATTRIBUTE, rows[:])
        rows.clear()
    return report


class _Runs:
    """The runs of all tests, wherever they ran, and the table of them."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hears of a phase of a test."""
        self._rows.extend(getattr(report, _ATTRIBUTE, ()))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Shows the table."""
        if self._rows:
            terminalreporter.section("wavetank")
            for line in table(self._rows):
                terminalreporter.write_line(line)
