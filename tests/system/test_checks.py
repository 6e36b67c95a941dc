"""Checks, metrics of its own and rows of a CSV file in a scenario in Python, in a whole run."""

from __future__ import annotations

import pytest

from tests.system.command import CommandLine

SCENARIO = """\
from wavetank import User, csv, scenario

users = csv("users.csv")


@scenario
async def agent(user: User) -> None:
    row = user.feed(users)
    async with user.measure("login"):
        pass
    async with user.connect("/ws") as ws:
        await ws.request({"type": "ping"}, match={"type": "pong"})
        user.check("is answered", True)
        user.check("is even", user.index % 2 == 0)
        user.count(f"users called {row['name']}")
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_users_check_and_count_adds_up_over_workers_and_is_judged(workers: str, wavetank: CommandLine) -> None:
    wavetank.folder.joinpath("load").mkdir()
    wavetank.folder.joinpath("load", "scenario.py").write_text(SCENARIO, encoding="utf-8")
    wavetank.folder.joinpath("load", "users.csv").write_text("name\nann\nbob\ncleo\n", encoding="utf-8")
    bounds = ("checks.pass_rate >= 75%", "checks.is even.pass_rate >= 51%", "login.p95 < 1s", "users called ann > 3")
    thresholds = [word for bound in bounds for word in ("--threshold", bound)]

    outcome = wavetank("run", "load/scenario.py", "--serve", "-u", "10", "--workers", workers, *thresholds)

    assert outcome.exit_code == 1, outcome.stderr
    counters = outcome.counters
    assert [counters.get(f"checks.{check}", 0) for check in ("is_answered.passed", "is_answered.failed")] == [10, 0]
    assert [counters[f"checks.{check}"] for check in ("is_even.passed", "is_even.failed")] == [5, 5]
    assert [counters[f"users called {name}"] for name in ("ann", "bob", "cleo")] == [4, 3, 3]
    derived = outcome.summary["derived"]
    assert (derived["checks.pass_rate"], derived["checks.is_even.pass_rate"]) == (75.0, 50.0)
    assert [each["verdict"] for each in outcome.summary["thresholds"][:4]] == ["ok", "critical", "ok", "ok"]
    assert "Checks\n  name         passed  failed      rate\n  is_even           5       5   50.00 %" in outcome.stdout
