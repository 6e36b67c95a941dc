"""The page: one section for each experiment, so that each can be repeated alone and the others stay as they were."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

HEAD = """\
# How accurate the figures are

Written by `make accuracy`; no figure in it is typed by hand. Each experiment holds `wavetank run` against a server
that keeps the truth (`bench/accuracy/server.py`), which shares no line with Wavetank. What `response_time` and
`service_time` are, and why there are two: [response times](response-times.md).
"""

ORDER = ("distributions", "omission", "starved")

_SECTION = re.compile(r"<!-- begin (\w+) -->\n(.*?)\n<!-- end \1 -->", re.DOTALL)


def sections_of(page: str) -> dict[str, str]:
    """The sections that a page holds, by the name of their experiment."""
    return {found[1]: found[2] for found in _SECTION.finditer(page)}


def page_of(sections: Mapping[str, str]) -> str:
    """The page of these sections, in the order in which they are read."""
    parts = [f"<!-- begin {name} -->\n{sections[name]}\n<!-- end {name} -->\n" for name in ORDER if name in sections]
    return "\n".join([HEAD, *parts])


def put(path: Path, sections: Mapping[str, str]) -> None:
    """Writes the sections into the page, in place of the older ones of the same experiments."""
    before = sections_of(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(page_of({**before, **sections}), encoding="utf-8")
