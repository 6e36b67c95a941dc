from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.plan.durations import format_seconds, seconds


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (30, 30.0),
        (0, 0.0),
        (0.5, 0.5),
        ("30s", 30.0),
        ("5m", 300.0),
        ("5min", 300.0),
        ("1h", 3600.0),
        ("2d", 172_800.0),
        ("1w", 604_800.0),
        ("500ms", 0.5),
        ("1100ms", 1.1),
        ("1.5h", 5400.0),
        (".5s", 0.5),
        (" 10 Minutes ", 600.0),
        ("30 SEC", 30.0),
        ("60", 60.0),
        ("1.5", 1.5),
        ("1e2", 100.0),
    ],
)
def test_a_duration_is_read_as_its_author_means_it(written: float | str, expected: float) -> None:
    assert seconds(written) == expected


@pytest.mark.parametrize("written", ["", "soon", "5 parsecs", "1h30m", "s", "٣s", "--1s", None, True, [1], {}, b"1s"])
def test_what_is_no_duration_is_refused_with_what_would_be_one(written: object) -> None:
    with pytest.raises(ValueError, match=r"is not a duration; write seconds .* such as 30s"):
        seconds(written)


@pytest.mark.parametrize("written", [-1, -0.001, "-5s", "-1"])
def test_a_negative_duration_is_refused(written: float | str) -> None:
    with pytest.raises(ValueError, match="is negative"):
        seconds(written)


@pytest.mark.parametrize("written", [math.nan, math.inf, -math.inf, "1e999", 10**400])
def test_an_endless_duration_is_refused(written: float | str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        seconds(written)


@given(st.floats(min_value=0, max_value=1e9))
def test_a_number_and_its_text_are_the_same_duration(value: float) -> None:
    assert seconds(str(value)) == seconds(value) == value
    assert seconds(f"{value}s") == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0s"),
        (0.0005, "0.5ms"),
        (0.5, "500ms"),
        (0.9999, "1s"),
        (15.23, "15.2s"),
        (59.94, "59.9s"),
        (59.99, "1m"),
        (160, "2m 40s"),
        (2640, "44m"),
        (3599.7, "1h"),
        (3605, "1h"),
        (3900, "1h 5m"),
        (97_200, "1d 3h"),
        (-160, "-2m 40s"),
    ],
)
def test_durations_are_shown_in_two_units_at_most(value: float, text: str) -> None:
    assert format_seconds(value) == text


@given(st.floats(min_value=0, max_value=1e7))
def test_a_shown_duration_reads_back_within_its_second_unit(value: float) -> None:
    shown = sum(seconds(part) for part in format_seconds(value).split())
    assert shown == pytest.approx(value, rel=0.05, abs=1e-3)
