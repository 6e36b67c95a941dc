"""How a scenario's values become messages, and messages values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import orjson


@runtime_checkable
class Codec(Protocol):
    """Two functions. `encode` gives `str` for a text message, `bytes` for a binary one.

    What either of them raises fails the user.
    """

    def encode(self, value: Any, /) -> str | bytes:
        """The message for a value."""

    def decode(self, message: str | bytes, /) -> Any:
        """The value of a message."""


@dataclass(frozen=True, slots=True)
class JsonCodec:
    """JSON in text messages. Takes maps, lists, dataclasses, and models of pydantic and msgspec."""

    def encode(self, value: Any, /) -> str:
        """JSON text. Raises TypeError for what has no form in JSON."""
        return self.pack(value).decode()

    def pack(self, value: Any, /) -> bytes:
        """The same as the bytes that are sent."""
        return orjson.dumps(value, default=_plain)

    def decode(self, message: str | bytes, /) -> Any:
        """What the JSON says; a message that is no JSON is given as it is."""
        try:
            return orjson.loads(message)
        except orjson.JSONDecodeError:
            return message


JSON = JsonCodec()
"""The codec of a scenario that names none."""


def _plain(value: Any) -> Any:
    """Models, without importing their libraries: by the methods that they are known for."""
    dump: Callable[..., Any] | None = getattr(value, "model_dump", None)  # pydantic
    if dump is not None:
        return dump(mode="json")
    fields = getattr(value, "__struct_fields__", None)  # msgspec
    if fields is not None:
        return {name: getattr(value, name) for name in fields}
    raise TypeError(f"{type(value).__name__} has no form in JSON: send a map, or give the scenario a codec of its own")
