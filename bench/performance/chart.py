"""A bar chart as SVG, drawn here so that the page needs nothing that is not in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _LEFT, _RIGHT, _STEP, _TOP = 760, 210, 150, 30, 46


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `low` and `high` are the extremes of its rounds, `text` is what stands beside it."""

    name: str
    value: float
    low: float
    high: float
    text: str


def bar_chart(title: str, bars: Sequence[Bar]) -> str:
    """The chart; bars grow to the right from 0, with a whisker from the smallest to the largest round."""
    top = max((bar.high for bar in bars), default=1.0) or 1.0
    scale = (_WIDTH - _LEFT - _RIGHT) / top
    height = _TOP + _STEP * len(bars) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13" role="img" aria-label="{escape(title)}">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="26" font-size="15" font-weight="bold" fill="#1b2733">{escape(title)}</text>',
    ]
    for number, bar in enumerate(bars):
        y = _TOP + _STEP * number
        middle = y + (_STEP - 8) / 2
        colour = "#1f77b4" if "Wavetank" in bar.name else "#9aa7b1"
        low, high = _LEFT + bar.low * scale, _LEFT + bar.high * scale
        parts += [
            f'<text x="{_LEFT - 8}" y="{middle + 4.5:g}" text-anchor="end" fill="#1b2733">{escape(bar.name)}</text>',
            f'<rect x="{_LEFT}" y="{y}" width="{bar.value * scale:.1f}" height="{_STEP - 8}" fill="{colour}"/>',
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle:g}" y2="{middle:g}" stroke="#1b2733"/>',
            f'<text x="{high + 6:.1f}" y="{middle + 4.5:g}" fill="#1b2733">{escape(bar.text)}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
