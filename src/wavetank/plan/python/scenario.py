"""A scenario written in Python, as a plan holds it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from wavetank.errors import Where
from wavetank.plan.python.codec import JSON, Codec
from wavetank.plan.python.reference import Reference, plain_function, reference_to
from wavetank.plan.scenario import Scenario

_User = TypeVar("_User", contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonScenario(Scenario, Generic[_User]):
    """What `@scenario` makes of a coroutine function; calling it calls the function.

    `codec` turns what it sends into messages, and what it receives into values. It is pickled as the place where it is
    found: another process loads the module itself.
    """

    function: Callable[[_User], Coroutine[Any, Any, object]]
    codec: Codec = field(default=JSON, hash=False)

    def __call__(self, user: _User) -> Coroutine[Any, Any, object]:
        """The function's own coroutine: one scenario may await another."""
        return self.function(user)

    @property
    def reference(self) -> Reference | None:
        """Where another process finds it; None if none can: it was defined inside another function."""
        return reference_to(self.function)

    @property
    def where(self) -> Where:
        """The place of its definition."""
        code = plain_function(self.function).__code__
        return Where(code.co_filename, code.co_firstlineno)

    def __str__(self) -> str:
        return f"{Path(self.where.file).name}:{plain_function(self.function).__qualname__}"

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        reference = self.reference
        if reference is None:
            raise ValueError(
                f"the scenario {self} exists in this process alone, because it is defined inside a function: define it "
                "at the top of a module, or run it in this process (workers=0)"
            )
        return _found, (reference, self.name, self.weight)


def _found(reference: Reference, name: str, weight: int) -> object:
    return replace(reference.resolve(), name=name, weight=weight)
