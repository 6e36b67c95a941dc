"""What is counted for every message comes under its name, and only once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wavetank.metrics.traffic import Traffic

_NAMES = {
    "sent": "websocket.messages_sent",
    "received": "websocket.messages_received",
    "bytes_sent": "websocket.bytes_sent",
    "bytes_received": "websocket.bytes_received",
    "requests": "websocket.requests",
    "pushes": "websocket.pushes",
}
_COUNTS = st.fixed_dictionaries({attribute: st.integers(0, 2**53) for attribute in _NAMES})


@given(st.lists(_COUNTS, max_size=4))
def test_every_counter_adds_up_under_its_name_over_any_number_of_cuts(cuts: list[dict[str, int]]) -> None:
    traffic, counts = Traffic(), dict[str, int]()
    for cut in cuts:
        for attribute, count in cut.items():
            setattr(traffic, attribute, getattr(traffic, attribute) + count)
        traffic.move_to(counts)
    assert counts == {
        name: total for attribute, name in _NAMES.items() if (total := sum(cut[attribute] for cut in cuts))
    }


def test_what_did_not_happen_has_no_counter() -> None:
    counts: dict[str, int] = {}
    Traffic().move_to(counts)
    assert counts == {}
