from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.report.figures import WIDTH, clock, columns, milliseconds, rate, shorten, size, with_unit


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00"), (4.6, "00:05"), (59.6, "01:00"), (2640, "44:00"), (3723, "1:02:03"), (-3, "00:00")],
)
def test_a_clock_shows_whole_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "n/a"), (0.0421, "0.042"), (1.234, "1.23"), (123.44, "123.4"), (9_999.9, "9,999.9"), (3.6e6, "3,600,000")],
)
def test_a_time_keeps_more_digits_the_smaller_it_is(value: float | None, text: str) -> None:
    assert milliseconds(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(1.9, "ms", "1.90 ms"), (99.8, "%", "99.8 %"), (812.4, "/s", "812.4/s"), (3.0, "", "3"), (None, "ms", "n/a")],
)
def test_a_value_comes_with_its_unit(value: float | None, unit: str, text: str) -> None:
    assert with_unit(value, unit) == text


def test_small_rates_and_sizes_stay_readable() -> None:
    assert [rate(value) for value in (0, 0.5, 9.96, 1234.5)] == ["0", "0.5", "10", "1,234"]
    assert [size(value) for value in (0, 999, 1234, 7_890_000, 2.5e15)] == [
        "0 B",
        "999 B",
        "1.23 kB",
        "7.89 MB",
        "2,500.0 TB",
    ]


@given(st.text(max_size=50), st.integers(3, 60))
def test_a_shortened_text_never_exceeds_its_length(text: str, length: int) -> None:
    short = shorten(text, length)
    assert len(short) <= length
    assert short == text or short.endswith("...")


def test_columns_stand_under_each_other_and_a_long_name_gives_way() -> None:
    lines = columns([["name", "sent"], ["a" * 200, "1,000"], ["b", "2"]])
    assert [len(line) for line in lines] == [WIDTH] * 3
    assert lines[1].endswith("...  1,000")
    assert columns([]) == []
