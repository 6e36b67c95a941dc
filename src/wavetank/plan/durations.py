"""Durations as people write them: `30s`, `5min`, `1.5h`, or a plain number of seconds."""

from __future__ import annotations

import math
import re

# The units of the npm package `ms`, which is what Artillery reads durations with.
_FORM = re.compile(
    r"""\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*
        (?:(?P<ms>ms|msecs?|milliseconds?)|(?P<s>s|secs?|seconds?)|(?P<m>m|mins?|minutes?)
        |(?P<h>h|hrs?|hours?)|(?P<d>d|days?)|(?P<w>w|weeks?)|(?P<y>y|yrs?|years?))?\s*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "y": 31_557_600.0}


def seconds(value: object) -> float:
    """The seconds in a number (of seconds, fractions allowed) or in a text: `30s`, `5min`, `500ms`, `1.5`.

    A text without a unit is in seconds too, unlike Artillery, where "1.5" means 1.5 milliseconds.
    Raises ValueError, with a sentence for the script's author, for anything else, and for what is negative or
    endless.
    """
    if isinstance(value, str):
        form = _FORM.fullmatch(value)
        if form is None:
            raise ValueError(
                f"{value!r} is not a duration; write seconds (2.5) or a text such as 30s, 5m, 1h or 500ms."
            )
        number = float(form["number"])
        unit = form.lastgroup or "number"
        # Milliseconds are divided, because 0.001 has no exact float and 1100 * 0.001 is not 1.1.
        result = number / 1000 if unit == "ms" else number * _SECONDS.get(unit, 1.0)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            result = float(value)
        except OverflowError:
            result = math.inf
    else:
        raise ValueError(f"{value!r} is not a duration; write seconds (2.5) or a text such as 30s, 5m, 1h or 500ms.")
    if not math.isfinite(result):
        raise ValueError(f"The duration {value} is not a finite number of seconds.")
    if result < 0:
        raise ValueError(f"The duration {value} is negative; it must be 0 or more.")
    return result


def format_seconds(value: float) -> str:
    """Seconds for people, in at most two units: `44m`, `2m 40s`, `1h 5m`, `15.2s`, `500ms`."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    if 0 < value < 0.9995:
        return f"{sign}{value * 1000:.3g}ms"
    if value < 59.95:
        return f"{sign}{round(value, 1):g}s"
    whole = round(value)
    counts = {"d": whole // 86_400, "h": whole // 3600 % 24, "m": whole // 60 % 60, "s": whole % 60}
    units = list(counts)
    first = next(place for place, unit in enumerate(units) if counts[unit])
    shown = units[first : first + 2]
    return sign + " ".join(f"{counts[unit]}{unit}" for unit in shown if counts[unit])
