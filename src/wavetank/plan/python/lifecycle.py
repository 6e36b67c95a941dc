"""What a script does once for all users: before they come, and after they have gone."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from wavetank.plan.python.reference import Reference, plain_function, reference_to

Shared = dict[str, Any]
"""What `@setup` leaves for all users of a worker: `user.shared`."""

Per = Literal["worker", "run"]
LifecycleFunction = Callable[[Shared], Coroutine[Any, Any, object]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Lifecycle:
    """What `@setup` or `@teardown` makes of a coroutine function. `per`: once in each worker, or once in the run."""

    function: LifecycleFunction
    per: Per
    kind: Literal["setup", "teardown"]

    def __call__(self, shared: Shared) -> Coroutine[Any, Any, object]:
        """The function's own coroutine."""
        return self.function(shared)

    def __str__(self) -> str:
        function = plain_function(self.function)
        return f"{Path(function.__code__.co_filename).name}:{function.__qualname__}"

    def __reduce__(self) -> tuple[Callable[[Reference], object], tuple[Reference]]:
        reference = reference_to(self.function)
        if reference is None:
            raise ValueError(f"{self} exists in this process alone: define it at the top of a module")
        return Reference.resolve, (reference,)
