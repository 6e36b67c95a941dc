"""Whether a share held, and what the page says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.big_run import BigRun
from bench.needs import Machine, Needs
from bench.staging.attempt import Attempt
from bench.staging.page import SEARCH, asked_table, distrusted, in_the_way, outcome, put, seen_table, whole
from bench.staging.scaling import Scale

from tests.bench.big_runs import made_up

NEEDS = Needs(1000, 300, 10.0, 60.0, 15.0, 2, 300 * 40_960)
FIGURES = {"generator.lateness": {"p99": 3.25}, "websocket.response_time": {"p99": 4.5}}


def attempt(run: BigRun | None, percent: int = 50, obstacle: str = "") -> Attempt:
    return Attempt(Scale(percent), NEEDS, run, obstacle)


def test_a_run_that_kept_everything_holds() -> None:
    assert attempt(made_up({"vusers.created": 1000}, histograms=FIGURES)).missed == []
    assert attempt(made_up({"vusers.created": 999}, histograms=FIGURES)).holds


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (made_up({"vusers.created": 998}, histograms=FIGURES), "99.80 %"),
        (made_up({"vusers.created": 1000}, histograms={"generator.lateness": {"p99": 20.5}}), "20.5 ms"),
        (made_up({"vusers.created": 1000}), "unknown"),
        (
            made_up({"vusers.created": 1000, "vusers.failed": 2}, histograms=FIGURES),
            "2 users failed (2 closed_by_server)",
        ),
        (made_up({"vusers.created": 1000}, histograms=FIGURES, complete=False), "not complete"),
    ],
    ids=["started", "late", "unknown", "failed", "incomplete"],
)
def test_each_thing_that_did_not_hold_is_named(run: BigRun, said: str) -> None:
    tried = attempt(run)
    assert not tried.holds
    assert len(tried.missed) == 1
    assert said in tried.missed[0]


def test_a_load_that_was_the_planned_one_holds_and_what_its_response_times_are_worth_is_told_apart() -> None:
    good = attempt(made_up({"vusers.created": 1000}, histograms=FIGURES), 20)
    shared = attempt(made_up({"vusers.created": 1000}, histograms=FIGURES, reasons=("worker 1 had no rest",)), 30)
    assert shared.holds
    assert distrusted([good, shared]) == (
        "At 30 % the response times are not the server's alone: worker 1 had no rest."
    )
    assert "| **lost** |" in seen_table([good, shared]).splitlines()[-1]
    assert distrusted([good]) == ""


def test_what_stands_in_the_way_is_told_of_the_smallest_share_that_did_not_hold() -> None:
    good = attempt(made_up({"vusers.created": 1000}, histograms=FIGURES), 50)
    bad = attempt(made_up({"vusers.created": 500}, histograms=FIGURES), 60)
    said = in_the_way([good, bad], 2)
    assert "at 60 %" in said
    assert "50.00 %" in said
    assert "1.25 cores and the server 0.50, of 2" in said
    assert "Nothing stands in the way" in in_the_way([attempt(good.run, 100)], 2)
    assert in_the_way([good], 2) == ""
    assert outcome([good, bad], 2) == f"**50 % of the rates hold.** {said}"
    assert outcome([good], 2) == "**50 % of the rates hold.**"
    assert outcome([bad], 2).startswith("**60 % of the rates do not hold.** What stands in the way at 60 %: ")


def test_a_share_that_the_machine_cannot_carry_is_in_the_table_with_the_reason() -> None:
    tried = attempt(None, 70, "9.0 GiB of memory are needed, and 1.0 are free")
    assert not tried.holds
    assert tried.started == 0
    lines = seen_table([tried, attempt(made_up({"vusers.created": 1000}, histograms=FIGURES))]).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "9.0 GiB" in lines[-1]
    assert "| holds |" in lines[-2]


def test_what_each_share_asks_for_says_whether_the_machine_has_it() -> None:
    told = asked_table({50: NEEDS}, Machine(2, 20_000, 1024))
    assert "11.7 GiB" not in told
    assert "0.0 GiB of memory are needed" in told
    assert "20,000 files" in told
    assert "| yes |" in asked_table({50: NEEDS}, Machine(2, None, None))


def test_the_search_and_each_share_of_the_whole_plan_have_sections_of_their_own(tmp_path: Path) -> None:
    page = tmp_path / "staging.md"
    put(page, {whole(100): "all of it"})
    put(page, {whole(30): "the whole 44 minutes"})
    put(page, {SEARCH: "the search"})
    put(page, {SEARCH: "the search, again"})
    written = page.read_text(encoding="utf-8")
    places = [written.index(text) for text in ("the search, again", "the whole 44 minutes", "all of it")]
    assert places == sorted(places)
    assert written.count("the search") == 1
