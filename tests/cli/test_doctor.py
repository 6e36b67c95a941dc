"""`wavetank doctor`."""

from __future__ import annotations

import orjson
import pytest
from click.testing import CliRunner, Result

from wavetank.cli import doctor as verb
from wavetank.doctor.examination import Examination
from wavetank.doctor.finding import Finding, Level
from wavetank.doctor.question import Question


def run(*arguments: str) -> Result:
    return CliRunner().invoke(verb.doctor, arguments, catch_exceptions=False)


@pytest.mark.parametrize(("level", "code"), [("ok", 0), ("unknown", 0), ("warning", 0), ("critical", 1)])
def test_only_what_is_critical_is_told_by_the_exit_code(monkeypatch: pytest.MonkeyPatch, level: str, code: int) -> None:
    def examined(users: int, target: str | None) -> Examination:
        finding = Finding(name="n", title="a title", level=Level(level), found="so and so", commands=("sudo it",))
        return Examination(question=Question(users=users), platform="linux", findings=(finding,), target=target)

    monkeypatch.setattr(verb, "examine", examined)
    result = run("--users", "7")
    assert result.exit_code == code
    assert "ready for 7 users at once?" in result.stdout
    assert ("$ sudo it" in result.stdout) == (level in ("warning", "critical"))
    written = orjson.loads(run("--json").stdout)
    assert (written["users"], written["findings"][0]["level"]) == (10_000, level)


@pytest.mark.parametrize("arguments", [("--users", "0"), ("--users", "many"), ("--target", "ftp://host")])
def test_a_wrong_command_line_is_exit_2(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_the_help_has_an_example() -> None:
    assert "wavetank doctor --users 100000" in run("--help").stdout
