"""`pushes(…)`: which messages are pushes, for a plan that is made in Python."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Literal, get_args

import jsonpath

from wavetank.plan.pushes import UNITS, Clock, PushRules
from wavetank.plan.steps import JsonSelector, Match

Unit = Literal["s", "ms", "us", "ns"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def pushes(
    match: Mapping[str, object],
    *,
    timestamp: str | None = None,
    unit: Unit = "ms",
    sequence: str | None = None,
    channel: str | None = None,
    clock: Clock = "fleet",
    server_time: str | None = None,
) -> PushRules:
    """Have the pushes of a run measured: how long each took, and what was lost, repeated or overtaken on the way.

    A push is a JSON message that has the entries of `match`, in maps within maps as well. The others are JSONPaths
    (`$.at`) in it: to the instant at which it was made, counted in `unit` since 1970 (what `user.now_ms()` gives, or
    with `clock="server"` a time of the server's), to its number in its channel, and to the channel's name.
    `server_time` is a path in replies to the server's own time.

    Raises ValueError for what is no JSONPath, and where neither a timestamp nor a sequence is given.

    Example: `plan = Plan(push=pushes({"type": "event"}, timestamp="$.at", sequence="$.number"))`
    """
    if not match:
        raise ValueError('which messages are pushes? Give entries that they have, such as {"type": "event"}')
    if timestamp is None and sequence is None:
        raise ValueError("nothing is measured of pushes without timestamp=… or sequence=…")
    if unit not in UNITS:
        raise ValueError(f"{unit!r} is no unit of timestamps: it is one of {', '.join(UNITS)}")
    if clock not in get_args(Clock):
        raise ValueError(f"{clock!r} makes no timestamps: the clock is 'fleet' or 'server'")
    for path in (timestamp, sequence, channel, server_time):
        if path is not None:
            _check(path)
    return PushRules(
        matches=tuple(_matches(match, "$")),
        timestamp=timestamp,
        unit_ns=UNITS[unit],
        sequence=sequence,
        channel=channel,
        clock=clock,
        server_time=server_time,
    )


def _matches(entries: Mapping[str, object], path: str) -> Iterator[Match]:
    for name, value in entries.items():
        here = f"{path}.{name}" if _NAME.fullmatch(name) else f"{path}[{json.dumps(name)}]"
        if isinstance(value, Mapping):
            yield from _matches(value, here)
        else:
            yield Match(selector=JsonSelector(path=here), value=value)


def _check(path: str) -> None:
    try:
        jsonpath.compile(path)
    except (jsonpath.JSONPathError, ValueError, RecursionError, re.error) as error:
        reason = str(error).strip().split("\n")[0]
        raise ValueError(f"{path!r} is not a JSONPath, such as $.at: {reason}") from error
