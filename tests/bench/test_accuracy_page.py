"""The page keeps the sections that were not measured anew."""

from __future__ import annotations

from pathlib import Path

from bench.accuracy.page import HEAD, put, sections_of
from bench.accuracy.table import table


def test_a_section_measured_anew_replaces_its_older_self_alone(tmp_path: Path) -> None:
    page = tmp_path / "accuracy.md"
    put(page, {"omission": "old b"})
    put(page, {"distributions": "a\n\nmore", "starved": "c"})
    put(page, {"omission": "new b"})
    text = page.read_text(encoding="utf-8")
    assert text.startswith(HEAD)
    assert sections_of(text) == {"distributions": "a\n\nmore", "omission": "new b", "starved": "c"}
    assert list(sections_of(text)) == ["distributions", "omission", "starved"]


def test_a_table_has_its_numbers_to_the_right() -> None:
    assert table(("what", "how many"), [("a", "1")], right=[1]) == "| what | how many |\n| --- | --: |\n| a | 1 |"
