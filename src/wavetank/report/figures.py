"""Figures as people read them: times, counts, rates, and columns that stand under each other."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH = 100
"""No line of a text report is longer than this, in characters."""

ABSENT = "n/a"
"""What stands in the place of a figure that a run has not got."""


def clock(seconds: float) -> str:
    """Seconds as `00:05`, `44:00`, `1:02:03`, rounded to the nearest whole one; never below zero."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"


def milliseconds(value: float | None) -> str:
    """A time in milliseconds without its unit: more digits the smaller it is, so that microseconds stay visible."""
    if value is None:
        return ABSENT
    if value < 1:
        return f"{value:.3f}"
    if value < 100:
        return f"{value:.2f}"
    return f"{value:,.1f}" if value < 10_000 else f"{value:,.0f}"


def with_unit(value: float | None, unit: str) -> str:
    """A value and its unit as `names.unit_of` tells it: `1.90 ms`, `99.8 %`, `812.4/s`, `3`."""
    if value is None:
        return ABSENT
    if unit == "ms":
        return f"{milliseconds(value)} ms"
    text = f"{value:,.0f}" if value.is_integer() else f"{value:,.4g}" if value < 1000 else f"{value:,.1f}"
    return f"{text} %" if unit == "%" else f"{text}{unit}"


def rate(per_second: float) -> str:
    """A rate without its unit: whole numbers, and a decimal below ten."""
    return f"{per_second:.1f}" if 0 < per_second < 9.95 else f"{per_second:,.0f}"


def size(count: float) -> str:
    """A number of bytes in the decimal units that networks are measured in: `1.2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def shorten(text: str, length: int) -> str:
    """The text, or its beginning and three dots, in at most `length` characters (3 or more)."""
    return text if len(text) <= length else f"{text[: length - 3].rstrip()}..."


def columns(rows: Sequence[Sequence[str]], left: int = 1, indent: str = "  ") -> list[str]:
    """Lines whose cells stand under each other: the first `left` columns flush left, the others flush right.

    Where a line would exceed `WIDTH`, the first column gives way. All rows have the same number of cells.
    """
    if not rows:
        return []
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    excess = len(indent) + sum(widths) + 2 * (len(widths) - 1) - WIDTH
    if excess > 0:
        widths[0] = max(widths[0] - excess, 8)
    lines = []
    for row in rows:
        cells = [shorten(row[0], widths[0]), *row[1:]]
        laid = [
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        lines.append((indent + "  ".join(laid)).rstrip())
    return lines
