"""What a push says: its channel, its number, and when it was made, whatever a server writes for them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.flow.pushes import Push, PushReader
from wavetank.plan.pushes import UNITS, PushRules
from wavetank.plan.steps import JsonSelector, Match, RegexpSelector

EVENT = Match(selector=JsonSelector(path="$.type"), value="event")


def read(message: object, **fields: Any) -> Push | None:
    rules = PushRules(
        **{"matches": (EVENT,), "timestamp": "$.at", "sequence": "$.seq", "channel": "$.channel"} | fields
    )
    return PushReader(rules).read(message if isinstance(message, str | bytes) else orjson.dumps(message))


def test_a_push_tells_its_channel_its_number_and_its_instant() -> None:
    message = {"type": "event", "channel": "news", "seq": 7, "at": 1_700_000_000_000.5}

    assert read(message) == Push("news", 7, 1_700_000_000_000_500_000, whole=True)


@pytest.mark.parametrize("message", [{"type": "pong"}, {"no": 1}, ["event"], "not json", b"\xff\x00", "", "{"])
def test_what_does_not_match_is_no_push(message: object) -> None:
    assert read(message) is None


def test_all_matches_must_hold_and_may_be_of_any_kind() -> None:
    matches = (
        EVENT,
        Match(selector=JsonSelector(path="$.data[0].n"), value=1),
        Match(selector=RegexpSelector(pattern='"kind":"(\\w+)"', group=1), value="trade"),
    )
    message = {"type": "event", "data": [{"n": 1}], "kind": "trade", "channel": 3, "seq": 1, "at": 5}

    assert read(message, matches=matches) is not None
    assert read(message | {"kind": "quote"}, matches=matches) is None
    assert read(message | {"data": [{"n": True}]}, matches=matches) is None


def test_deep_paths_are_found() -> None:
    message = {"type": "event", "meta": {"seq": 4, "topics": ["a", "b"]}}

    assert read(message, sequence="$.meta.seq", channel="$.meta.topics[1]", timestamp=None) == Push("b", 4, None, True)


@pytest.mark.parametrize(
    ("change", "push"),
    [
        ({"seq": None}, Push("news", None, 5_000_000, False)),
        ({"seq": "x"}, Push("news", None, 5_000_000, False)),
        ({"seq": 1.5}, Push("news", None, 5_000_000, False)),
        ({"seq": True}, Push("news", None, 5_000_000, False)),
        ({"at": None}, Push("news", 1, None, False)),
        ({"at": "soon"}, Push("news", 1, None, False)),
        ({"at": "1e400"}, Push("news", 1, None, False)),
        ({"at": 1e300}, Push("news", 1, None, False)),
        ({"at": 0}, Push("news", 1, None, False)),
        ({"at": -5}, Push("news", 1, None, False)),
        ({"channel": None}, Push(None, None, 5_000_000, False)),
        ({"channel": ["news"]}, Push(None, None, 5_000_000, False)),
        ({"channel": True}, Push(None, None, 5_000_000, False)),
    ],
)
def test_what_is_of_no_use_in_a_push_is_left_out_and_told(change: dict[str, object], push: Push) -> None:
    assert read({"type": "event", "channel": "news", "seq": 1, "at": 5} | change) == push


@given(st.sampled_from(sorted(UNITS)), st.integers(1, 10**9), st.sampled_from([int, float, str]))
def test_numbers_are_read_in_any_form_and_any_unit(unit: str, number: int, form: type) -> None:
    message = {"type": "event", "channel": "c", "seq": form(number), "at": form(number)}

    assert read(message, unit_ns=UNITS[unit]) == Push("c", number, number * UNITS[unit], whole=True)


def test_the_servers_time_is_read_from_replies() -> None:
    rules = PushRules(matches=(EVENT,), timestamp="$.at", clock="server", server_time="$.now", unit_ns=UNITS["s"])
    reader = PushReader(rules)

    assert reader.server_time(b'{"now":17}') == 17 * 10**9
    assert reader.server_time(b'{"no":17}') is None
    assert reader.server_time("not json") is None
    assert PushReader(PushRules(matches=(EVENT,), timestamp="$.at")).server_time(b'{"now":17}') is None
