"""The page of the benchmarks, its chart and its tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from bench.accuracy.page import sections_of
from bench.performance.chart import Bar, bar_chart
from bench.performance.figures import median_and_spread, ratio, rest
from bench.performance.lengths import FULL, PAYLOAD
from bench.performance.measuring import Measured
from bench.performance.ours import WavetankScript
from bench.performance.page import HEAD, Section, chart_path, put
from bench.performance.placement import Placement
from bench.performance.rounds import Row, Trial
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.test_performance_measuring import MEASURED

NOWHERE = Placement(tool=frozenset(), server=frozenset())


def row(*rounds: Measured) -> Row:
    return Row(Trial("Tool", WavetankScript(), FULL.dense(), NOWHERE), list(rounds))


def test_a_section_measured_anew_replaces_its_older_self_and_its_chart(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    put(page, {"growth": Section("old"), "dense": Section("first", "<svg>1</svg>")})
    put(page, {"dense": Section("second", "<svg>2</svg>")})
    text = page.read_text(encoding="utf-8")
    assert text.startswith(HEAD)
    assert sections_of(text) == {"dense": "second", "growth": "old"}
    assert chart_path(page, "dense").read_text(encoding="utf-8") == "<svg>2</svg>"
    assert not chart_path(page, "growth").exists()


FIGURES = st.just(0.0) | st.floats(1e-6, 1e9)  # none is measured that is smaller


@given(st.lists(st.tuples(st.text(st.characters(codec="ascii", min_codepoint=32)), FIGURES), max_size=8))
def test_a_chart_is_well_formed_and_its_bars_are_to_scale(values: list[tuple[str, float]]) -> None:
    bars = [Bar(name, value, value, value, f"{value:g}") for name, value in values]
    drawn = ET.fromstring(bar_chart("<title> & more", bars))
    widths = [float(rect.attrib["width"]) for rect in drawn.findall("{*}rect")[1:]]
    assert len(widths) == len(bars)
    for (_, value), width in zip(values, widths, strict=True):
        assert abs(width - max(widths, default=0) * value / (max(v for _, v in values) or 1)) <= 0.2


def test_a_row_shows_the_middle_round_and_how_far_the_others_were_off() -> None:
    shown = row(MEASURED)
    assert median_and_spread(shown, lambda one: one.rate, ",.0f") == "25,000"
    three = row(*(replace(MEASURED, connections=connections) for connections in (3, 1, 2)))
    assert median_and_spread(three, lambda one: one.connections, ".1f") == "2.0 (1.0–3.0)"


def test_a_ratio_needs_a_limit() -> None:
    assert ratio(row(MEASURED), row(MEASURED), lambda one: one.rate) == "1.00"
    assert ratio(row(MEASURED), None, lambda one: one.rate) == "–"
    assert ratio(row(MEASURED), row(), lambda one: one.rate) == "–"


def test_whoever_has_no_row_is_named_with_the_reason() -> None:
    given_up = row()
    given_up.failure = "3 of 10 connections were open"
    text = rest([given_up], {"Other": "no network"})
    assert text == "- Tool: not carried, 3 of 10 connections were open.\n- Other: skipped, no network."
    assert rest([row(MEASURED)], {}) == "Every row was carried."


def test_the_message_is_as_long_as_the_page_says() -> None:
    assert len(PAYLOAD) == 64
