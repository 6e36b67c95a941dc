from __future__ import annotations

from typing import Any

import orjson
import pytest

from wavetank import pushes
from wavetank.flow.pushes import PushReader


def test_a_map_says_which_messages_are_pushes_and_paths_what_to_read_in_them() -> None:
    rules = pushes(
        {"type": "event", "data": {"on": True, "odd name": 3}},
        timestamp="$.at",
        unit="s",
        sequence="$.number",
        channel="$.room",
    )
    reader = PushReader(rules)
    event = {"type": "event", "data": {"on": True, "odd name": 3}, "at": 2, "number": 7, "room": "lobby"}
    push = reader.read(orjson.dumps(event))
    assert push == ("lobby", 7, 2 * 10**9, True)
    for other in ({**event, "type": "else"}, {**event, "data": {"on": True, "odd name": 4}}, {"type": "event"}):
        assert reader.read(orjson.dumps(other)) is None


@pytest.mark.parametrize(
    ("match", "options", "said"),
    [
        ({}, {"timestamp": "$.at"}, "which messages"),
        ({"type": "event"}, {}, "nothing is measured"),
        ({"type": "event"}, {"timestamp": "$.["}, "is not a JSONPath"),
        ({"type": "event"}, {"timestamp": "$.at", "unit": "h"}, "'h' is no unit"),
        ({"type": "event"}, {"timestamp": "$.at", "clock": "mine"}, "'mine' makes no timestamps"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_a_sentence(
    match: dict[str, object], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        pushes(match, **options)
