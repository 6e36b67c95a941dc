"""Regular expressions of JavaScript, in Python."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.plan.artillery.scenario.regexps import python_pattern


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "found"),
    [
        ("b.", "", "abc", "bc"),
        ("(?<id>\\d+)-\\k<id>", "", "x12-12", "12-12"),
        ("(?<=a)b", "", "ab", "b"),
        ("(?<!a)b", "", "ab", None),
        ("A", "i", "a", "a"),
        ("^b$", "m", "a\nb\nc", "b"),
        ("a$", "", "a\n", None),  # Python's own $ would find it
        ("\\$5", "", "$5", "$5"),
        ("[$]5", "", "$5", "$5"),
        ("a[^]b", "", "a\nb", "a\nb"),
        ("[]", "", "a", None),
        ("[[a]", "", "[", "["),
        ("\\u{1F600}", "u", "😀", "😀"),
        ("\\u0041", "", "A", "A"),
        ("a.b", "s", "a\nb", "a\nb"),
        ("\\[x\\]", "g", "[x]", "[x]"),
        ('"id":"(.*?)"', "", '{"id":"7"}', '"id":"7"'),
    ],
)
def test_a_pattern_finds_what_it_finds_in_javascript(pattern: str, flags: str, text: str, found: str | None) -> None:
    value = re.NOFLAG
    for flag in flags:
        value |= {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}.get(flag, re.NOFLAG)
    match = re.search(python_pattern(pattern, flags), text, value)
    assert (match.group() if match else None) == found


@pytest.mark.parametrize(
    ("pattern", "flags", "problem"),
    [
        ("a", "x", "the flag 'x' is not one of i, m, s, u, g, y"),
        ("\\p{L}", "u", "exists in JavaScript alone"),
        ("\\cA", "", "exists in JavaScript alone"),
        ("\\u{110000}", "u", "is not a character"),
        ("(", "", "'(' is not a regular expression that Python can read: missing )"),
        ("a{99999999999999999999}", "", "is not a regular expression"),
        ("(?<=a+)b", "", "look-behind requires fixed-width"),
    ],
)
def test_what_python_cannot_read_is_told_in_a_sentence(pattern: str, flags: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        python_pattern(pattern, flags)


@given(st.text(alphabet="ab()[]{}\\^$|?*+.-<>=!&~dpuk019\n"), st.text(alphabet="imsugyx", max_size=2))
def test_any_text_gives_a_pattern_that_compiles_or_a_value_error(pattern: str, flags: str) -> None:
    try:
        translated = python_pattern(pattern, flags)
    except ValueError:
        return
    assert re.compile(translated)
