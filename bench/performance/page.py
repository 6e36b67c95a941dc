"""The page: a section for each experiment, and its chart beside it, so that each can be measured anew alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.accuracy.page import sections_of

HEAD = """\
# What a user costs

Written by `make bench`; no figure in it is typed by hand. Every tool gets the same work against the same server, a
small one in C (`bench/native/server.c`), pinned to a core that the tool does not use. What counts is seen from outside:
the server counts connections and replies, and the system tells the processor time of the tool with everything that it
started, between two instants in the midst of the work, so that nobody's start or report is in it. The limit is a client
in C (`bench/native/client.c`) that reads no JSON and no clock. Rows take turns in rounds; a figure is the median of its
rounds, and what is in brackets behind it is the smallest and the largest. Ratios carry over to other machines, figures
do not.
"""

ORDER = ("dense", "sparse", "connections", "growth", "messages", "secured")


@dataclass(frozen=True, slots=True)
class Section:
    """The text for the page, and its chart (SVG) where it has one."""

    text: str
    chart: str = ""


def chart_path(page: Path, name: str) -> Path:
    """Where the chart of a section is kept: beside the page."""
    return page.with_name(f"{page.stem}-{name}.svg")


def page_of(texts: Mapping[str, str]) -> str:
    """The page of these sections, in the order in which they are read."""
    parts = [f"<!-- begin {name} -->\n{texts[name]}\n<!-- end {name} -->\n" for name in ORDER if name in texts]
    return "\n".join([HEAD, *parts])


def put(page: Path, sections: Mapping[str, Section]) -> None:
    """Writes the sections and their charts, in place of the older ones of the same names."""
    before = sections_of(page.read_text(encoding="utf-8")) if page.exists() else {}
    page.write_text(page_of({**before, **{name: one.text for name, one in sections.items()}}), encoding="utf-8")
    for name, section in sections.items():
        if section.chart:
            chart_path(page, name).write_text(section.chart, encoding="utf-8")
