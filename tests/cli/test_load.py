"""Load and thresholds on the command line of `wavetank run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from wavetank.cli import run as module
from wavetank.cli.run import run
from wavetank.metrics.thresholds import Bound, Threshold
from wavetank.plan.model import Plan
from wavetank.plan.phases import Population, Rate

SCRIPT = """\
config:
  target: ws://localhost:8000
  phases:
    - {name: steady, duration: 10, arrivalRate: 5}
  ensure:
    thresholds: [vusers.failed: 1]
scenarios:
  - flow: [connect: /ws]
"""


class Cli:
    """Runs `wavetank run` up to where the run would begin."""

    def __init__(self, script: Path) -> None:
        self.script = script
        self.plans: list[Plan] = []

    def __call__(self, *options: str) -> Result:
        return CliRunner().invoke(run, [str(self.script), *options], catch_exceptions=False)

    def carry_out(self, make_plan: Any, **_: Any) -> None:
        # As for --serve: the plan is made once to find mistakes, and again when the target is there.
        self.plans = [make_plan(None), make_plan("ws://127.0.0.1:1")]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    script = tmp_path / "script.yml"
    script.write_text(SCRIPT, encoding="utf-8")
    cli = Cli(script)
    monkeypatch.setattr(module, "carry_out", cli.carry_out)
    return cli


def test_without_options_the_script_says_what_happens(cli: Cli) -> None:
    assert cli().exit_code == 0
    for plan in cli.plans:
        assert plan.phases == (Rate(name="steady", duration_s=10, rate=5),)
        assert [each.metric for each in plan.thresholds] == ["vusers.failed"]


def test_users_and_thresholds_are_laid_over_the_script(cli: Cli) -> None:
    thresholds = ["--threshold", "websocket.response_time.p95 < 0.05s", "--threshold", "checks.pass_rate >= 99%"]
    assert cli("-u", "5", "-d", "1s", *thresholds).exit_code == 0
    for plan in cli.plans:
        assert plan.phases == (Population(name="5 users", duration_s=1, start_users=5, end_users=5),)
        assert plan.thresholds[1:] == (
            Threshold("websocket.response_time.p95", Bound("<", 50)),
            Threshold("checks.pass_rate", Bound(">=", 99)),
        )


def test_a_rate_with_users_is_capped(cli: Cli) -> None:
    assert cli("--rate", "20", "--users", "7", "--duration", "2m").exit_code == 0
    (phase,) = cli.plans[0].phases
    assert isinstance(phase, Rate)
    assert (phase.rate, phase.max_users, phase.duration_s) == (20, 7, 120)


def test_a_measured_phase_that_is_gone_is_told_once(cli: Cli) -> None:
    cli.script.write_text(SCRIPT.replace("  phases:", "  measure: {phase: steady}\n  phases:"), encoding="utf-8")
    told = cli("-u", "5", "-d", "1s").stderr
    assert told == "note: the script measures a part of its own phases; of this load, all is measured.\n"
    assert [plan.measure for plan in cli.plans] == [None, None]
    assert cli().stderr == ""
    assert cli.plans[0].measure is not None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-u", "0"], "0 is not in the range x>=1"),
        (["-u", "many"], "'many' is not a valid integer"),
        (["-u", "5", "-d", "soon"], "'soon' is not a duration"),
        (["-u", "5", "-d", "0"], "a load takes a millisecond at least"),
        (["-d", "5s"], "A duration needs a number of users, or a rate"),
        (["--rate", "5"], "A rate needs a duration"),
        (["--rate", "x", "-d", "5s"], "'x' is not a rate"),
        (["--threshold", "websocket.response_time.p95"], "is not a threshold: write a metric and a bound"),
        (["--threshold", "websocket.response_time.p95 < 5%"], "does not fit: this metric is measured in ms"),
        (["--threshold", "websocket.respons_time.p95 < 5"], "did you mean 'websocket.response_time.p95'?"),
        (["--threshold", "eror_rate < 5"], "unknown metric 'eror_rate' (did you mean 'error_rate'?)"),
        (["--threshold", "checks.has token.pas_rate >= 9%"], "did you mean 'checks.has token.pass_rate'?"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_a_usage_error_with_a_sentence(cli: Cli, options: list[str], said: str) -> None:
    result = cli(*options)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert cli.plans == []


def test_users_who_are_held_cannot_meet_at_a_rendezvous(cli: Cli) -> None:
    cli.script.write_text(SCRIPT.replace("[connect: /ws]", "[connect: /ws, rendezvous]"), encoding="utf-8")
    result = cli("-u", "5", "-d", "1s")
    assert result.exit_code == 2, result.output
    assert "rendezvous" in result.stderr
    assert cli("-u", "5").exit_code == 0
