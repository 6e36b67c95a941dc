"""The keys of one map of a script, read by name and kind. A mistake is noted, and counts as not there."""

from __future__ import annotations

import math
from collections.abc import Iterable

from wavetank.errors import Where
from wavetank.plan.artillery.findings import Findings
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.durations import seconds


class Fields:
    """A map, `what` in messages. A key that is not `known` is a mistake; a key without a value is no key."""

    def __init__(self, node: Node, what: str, known: Iterable[str], findings: Findings) -> None:
        self.node = node
        self.what = what
        self._findings = findings
        entries = node.map
        if entries is None:
            if node.value is not None:
                findings.error(node.where, f"{what} must be a map, not {node.kind}")
            entries = {}
        names = tuple(known)
        for key in entries:
            if key not in names:
                findings.unknown(node.place(key), "key", key, names, f" in {what}")
        self._entries = {key: value for key, value in entries.items() if value.value is not None}

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def get(self, key: str) -> Node | None:
        """The value of a key, if there is one."""
        return self._entries.get(key)

    def place(self, key: str) -> Where:
        """Where the key stands."""
        return self.node.place(key)

    def present(self, *keys: str) -> list[str]:
        """Those of the keys that are given."""
        return [key for key in keys if key in self._entries]

    def text(self, key: str) -> str | None:
        """A text; a number is taken as the text it is written as."""
        node = self.get(key)
        if node is None:
            return None
        text = scalar_text(node)
        if text is None:
            self._wrong(key, node, "a text")
        return text

    def flag(self, key: str) -> bool | None:
        """`true` or `false`; the texts of these too, as templates and variables bring them."""
        node = self.get(key)
        if node is None:
            return None
        if isinstance(node.value, bool):
            return node.value
        if node.text is not None and node.text.lower() in {"true", "false"}:
            return node.text.lower() == "true"
        self._wrong(key, node, "true or false")
        return None

    def number(self, key: str, minimum: float = 0) -> float | None:
        """A finite number of at least `minimum`; a text that is one too."""
        node = self.get(key)
        if node is None:
            return None
        number = number_of(node)
        if number is None or number < minimum:
            self._wrong(key, node, f"a number of at least {minimum}")
            return None
        return number

    def whole(self, key: str, minimum: int = 0, maximum: int | None = None) -> int | None:
        """A whole number from `minimum` to `maximum`; a text that is one too."""
        node = self.get(key)
        if node is None:
            return None
        number = number_of(node)
        if number is None or number != int(number) or number < minimum or (maximum is not None and number > maximum):
            span = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
            self._wrong(key, node, f"a whole number {span}")
            return None
        return int(number)

    def duration(self, key: str) -> float | None:
        """A duration in seconds: a number of them, or a text such as `30s`."""
        node = self.get(key)
        if node is None:
            return None
        return duration_of(node, f"{key!r} of {self.what}", self.place(key), self._findings)

    def list(self, key: str) -> tuple[Node, ...] | None:
        """The elements of a list."""
        node = self.get(key)
        if node is None:
            return None
        if node.items is None:
            self._wrong(key, node, "a list")
        return node.items

    def _wrong(self, key: str, node: Node, wanted: str) -> None:
        self._findings.error(self.place(key), f"{key!r} of {self.what} must be {wanted}, not {node.kind}")


def number_of(node: Node) -> float | None:
    """The finite number that a node is, or whose text it is; None if it is neither."""
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and "_" in value:  # 1_000 is a number to Python alone
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def scalar_text(node: Node) -> str | None:
    """A text, number or truth value as the text that JavaScript makes of it; None for anything else."""
    value = node.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return None


def duration_of(node: Node, what: str, where: Where, findings: Findings) -> float | None:
    """The seconds of a duration; a mistake is noted for `what`."""
    value = node.value
    try:
        return seconds(value)
    except ValueError as error:
        reason = f"{node.kind} is not one" if node.map is not None or node.items is not None else str(error)
        findings.error(where, f"{what} must be a duration: {reason.rstrip('.')}")
        return None
