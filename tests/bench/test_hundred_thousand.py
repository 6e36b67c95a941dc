"""Many users at once: what is planned, and what is said of what was seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.hundred_thousand.crowd import Crowd
from bench.hundred_thousand.page import page_of
from bench.hundred_thousand.promises import promises, together
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.big_runs import made_up
from wavetank.plan.arrivals import total_arrivals
from wavetank.plan.artillery import read_script
from wavetank.plan.forecast import forecast

CROWD = Crowd(users=20_000, rate=2000, hold_s=30, every_s=4)
KEPT = {
    "vusers.completed": CROWD.users,
    "websocket.messages_sent": CROWD.messages,
    "websocket.replies": CROWD.messages,
}
FIGURES = {
    "websocket.lifetime": {"min": 1000 * CROWD.session_s},
    "generator.lateness": {"max": 100.0, "p99": 2.0},
    "websocket.connect_time": {"max": 400.0},
}
OPEN = {"websocket.open": float(CROWD.users)}
SMALL = 20_000 * 15 * 1024


@given(st.integers(1, 200_000), st.floats(1, 10_000), st.floats(0, 1000), st.floats(0.1, 60))
def test_all_are_there_together_for_as_long_as_is_asked(users: int, rate: float, hold_s: float, every_s: float) -> None:
    crowd = Crowd(users, rate, hold_s, every_s)
    assert crowd.session_s >= crowd.arriving_s + hold_s + every_s * (1 - 1e-9)
    assert crowd.length_s == crowd.arriving_s + crowd.session_s


def test_the_run_that_is_asked_for_is_100_000_users_for_two_minutes() -> None:
    crowd = Crowd()
    assert (crowd.users, crowd.arriving_s, crowd.hold_s, crowd.every_s) == (100_000, 100, 120, 4)
    assert crowd.messages == 100_000 * crowd.rounds


def test_the_script_plans_every_user_and_every_message(tmp_path: Path) -> None:
    path = tmp_path / "crowd.json"
    path.write_text(json.dumps(CROWD.script()), encoding="utf-8")
    plan = read_script(path, target="ws://127.0.0.1").plan
    assert total_arrivals(plan.phases) == CROWD.users
    assert forecast(plan).peak_users == CROWD.users
    assert forecast(plan).peak_replies_per_s == pytest.approx(CROWD.users / CROWD.every_s)


def test_a_run_without_a_loss_keeps_everything() -> None:
    run = made_up(KEPT, histograms=FIGURES, gauges=OPEN, peak_bytes=SMALL)
    made = promises(CROWD, run)
    assert all(promise.kept for promise in made)
    page = page_of(CROWD, run, made, "a server", "cores of their own", "here", "make it")
    assert "Everything that was promised was kept." in page
    assert "15.0 KB" in page
    assert "both with cores of their own." in page


@pytest.mark.parametrize(
    ("changes", "missed"),
    [
        ({"vusers.completed": CROWD.users - 1}, {"users who came to the end"}),
        ({"websocket.replies": CROWD.messages - 1, "websocket.replies_lost": 1}, {"of them answered", "replies lost"}),
        ({"websocket.messages_sent": CROWD.messages - 1}, {"messages sent"}),
        ({"vusers.failed": 1}, {"users who failed", "all of them together for"}),
    ],
)
def test_a_single_loss_is_a_promise_missed(changes: dict[str, int], missed: set[str]) -> None:
    run = made_up(KEPT | changes, histograms=FIGURES, gauges=OPEN, peak_bytes=SMALL)
    made = promises(CROWD, run)
    assert {promise.what for promise in made if not promise.kept} == missed
    assert "**A promise was missed" in page_of(CROWD, run, made, "a server", "cores of their own", "here", "make it")


def test_trust_completeness_and_memory_are_promised_too() -> None:
    run = made_up(KEPT, histograms=FIGURES, gauges=OPEN, reasons=("late",), complete=False, peak_bytes=2 * SMALL)
    missed = {promise.what for promise in promises(CROWD, run) if not promise.kept}
    assert missed == {
        "the figures are to be trusted",
        "the run is complete",
        "memory of the generator for each user",
    }


def test_who_came_late_was_not_there_from_the_begin() -> None:
    assert together(CROWD, made_up(KEPT, histograms=FIGURES)) == CROWD.session_s - 0.5 - CROWD.arriving_s
    assert together(CROWD, made_up(KEPT)) == 0
    late = FIGURES | {"generator.lateness": {"max": 1e6}}
    assert together(CROWD, made_up(KEPT, histograms=late)) == 0


def test_the_memory_of_few_users_says_nothing_about_a_user() -> None:
    few = Crowd(users=100)
    names = {promise.what for promise in promises(few, made_up({}))}
    assert "memory of the generator for each user" not in names
