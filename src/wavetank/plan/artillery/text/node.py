"""A script as a tree of values that remember their place, whatever the file was written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wavetank.errors import Where

Scalar = None | bool | int | float | str

DEEPEST = 100
"""How deeply a script may be nested: far more than a person writes, far less than recursion bears."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One value of a script. `keys` says where each key of a map stands."""

    value: Scalar | tuple[Node, ...] | Mapping[str, Node]
    where: Where
    keys: Mapping[str, Where] = field(default_factory=dict)

    @property
    def map(self) -> Mapping[str, Node] | None:
        """The entries, if this is a map."""
        return self.value if isinstance(self.value, Mapping) else None

    @property
    def items(self) -> tuple[Node, ...] | None:
        """The elements, if this is a list."""
        return self.value if isinstance(self.value, tuple) else None

    @property
    def text(self) -> str | None:
        """The text, if this is one."""
        return self.value if isinstance(self.value, str) else None

    @property
    def kind(self) -> str:
        """What this is, in a word for a message."""
        value = self.value
        if value is None:
            return "nothing"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return f"the number {value}"
        if isinstance(value, str):
            return f"the text {value!r}" if len(value) <= 60 else f"the text {value[:57]!r}…"
        return "a list" if isinstance(value, tuple) else "a map"

    def place(self, key: str) -> Where:
        """Where the key stands, or the map if it has no such key."""
        return self.keys.get(key, self.where)

    def plain(self) -> object:
        """The value without its places: None, bool, int, float, str, list or dict."""
        if isinstance(self.value, tuple):
            return [element.plain() for element in self.value]
        if isinstance(self.value, Mapping):
            return {key: element.plain() for key, element in self.value.items()}
        return self.value


def node_of(value: object, where: Where, depth: int = 0) -> Node:
    """A tree for a plain value that comes from one place as a whole, such as an option of the command line.

    Raises TypeError for what no script can hold, and ValueError for what is nested too deeply.
    """
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    if value is None or isinstance(value, bool | int | float | str):
        return Node(value=value, where=where)
    if isinstance(value, Mapping):
        entries = {str(key): node_of(element, where, depth + 1) for key, element in value.items()}
        return Node(value=entries, where=where, keys=dict.fromkeys(entries, where))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return Node(value=tuple(node_of(element, where, depth + 1) for element in value), where=where)
    raise TypeError(f"a script cannot hold a {type(value).__name__}")


def as_javascript(number: float) -> int | float:
    """A number as JavaScript has it, where 5.0 is 5: a message has to say the same in both worlds."""
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
