"""Tables of Markdown."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Container[int] = ()) -> str:
    """A table; the columns whose numbers are in `right` stand to the right."""
    lines = [head, ["--:" if column in right else "---" for column in range(len(head))], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def milliseconds(value: float) -> str:
    """A time in milliseconds, to the microsecond below 100."""
    return f"{value:.3f}" if value < 100 else f"{value:,.1f}"


def verdict(kept: bool) -> str:
    """The last column of a table."""
    return "kept" if kept else "**missed**"
