"""A load and thresholds from the command line, in a whole run."""

from __future__ import annotations

from tests.system.command import CommandLine
from tests.system.scripts import PING, script

USERS = ("--serve", "--users", "5", "--duration", "1s")


def test_users_are_held_instead_of_the_scripts_phases_and_a_threshold_holds(wavetank: CommandLine) -> None:
    text = script(PING, "- think: 0.2", users=1000)
    outcome = wavetank.run(text, None, *USERS, "--threshold", "websocket.response_time.p95 < 5s")

    assert outcome.code == 0, outcome.stderr
    assert 5 < outcome.counters["vusers.created"] < 100
    assert outcome.counters["vusers.created"] == outcome.counters["vusers.completed"]
    assert outcome.summary["gauges"]["vusers.active"] <= 5
    assert outcome.summary["thresholds"][0]["metric"] == "websocket.response_time.p95"
    assert outcome.summary["thresholds"][0]["verdict"] == "ok"


def test_a_threshold_that_is_missed_is_exit_code_1(wavetank: CommandLine) -> None:
    bound = "websocket.response_time.p95 < 1ns"
    outcome = wavetank.run(script(PING, "- think: 0.2"), None, *USERS, "--threshold", bound)

    assert outcome.exit_code == 1, outcome.stderr
    assert outcome.summary["verdict"] == "critical"


def test_users_without_a_duration_come_once(wavetank: CommandLine) -> None:
    outcome = wavetank.run(script(PING, users=1000), None, "--serve", "-u", "7")

    assert outcome.code == 0, outcome.stderr
    assert outcome.counters["vusers.created"] == outcome.counters["websocket.replies"] == 7


def test_a_mistake_in_the_load_sends_nothing(wavetank: CommandLine) -> None:
    outcome = wavetank.run(script(PING), None, "--serve", "--rate", "5")

    assert outcome.exit_code == 2
    assert "A rate needs a duration" in outcome.stderr
    assert not outcome.folder.exists()
