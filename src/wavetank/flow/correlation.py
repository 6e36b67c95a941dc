"""Telling replies apart by a key that stands in the message sent and comes back in its reply."""

from __future__ import annotations

from typing import Any

from wavetank.errors import UserFailure
from wavetank.flow.expectation import Message, compile_selector, json_of
from wavetank.plan.steps import Correlation, JsonSelector

Key = str | int | float
"""A key: JSON text or number. True, null, lists and maps tell nothing apart."""


class Correlator:
    """A compiled `Correlation`. Two of the same paths are one and the same to a pipeline."""

    __slots__ = ("_label", "_paths", "_received", "_sent", "timeout_ns")

    def __init__(self, correlation: Correlation, *, timeout_s: float, label: str) -> None:
        """`timeout_s` is the plan's reply timeout; the correlation's own wins."""
        self._paths = (correlation.sent, correlation.received)
        self._sent = compile_selector(JsonSelector(path=correlation.sent, multiple=False))
        self._received = compile_selector(JsonSelector(path=correlation.received, multiple=False))
        self._label = label
        own = correlation.timeout_s
        self.timeout_ns = round((timeout_s if own is None else own) * 1e9)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Correlator) and self._paths == other._paths

    def __hash__(self) -> int:
        return hash(self._paths)

    def of_sent(self, message: bytes) -> Key:
        """The key of a message that is about to be sent. Raises UserFailure(`no_key`) where it has none."""
        key = _first_key(self._sent(message, json_of(message)))
        if key is None:
            raise UserFailure("no_key", f"{self._label} has no text or number at {self._paths[0]} to know its reply by")
        return key

    def of_reply(self, message: Message) -> Key | None:
        """The key that a received message carries, if any."""
        return _first_key(self._received(message, json_of(message)))


def _first_key(found: list[Any]) -> Key | None:
    if not found or isinstance(found[0], bool) or not isinstance(found[0], str | int | float):
        return None
    key: Key = found[0]
    return key
