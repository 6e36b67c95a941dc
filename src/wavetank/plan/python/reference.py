"""Where something that a script defines is found again in another process: a name in a file, or in a module."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

from wavetank.plan.python.module import is_loaded_here, load_module, loaded_module


@dataclass(frozen=True, slots=True)
class Reference:
    """The thing called `name` at the top of a module. `file` is where the module was read from, if from a file."""

    module: str
    file: Path | None
    name: str

    def resolve(self) -> Any:
        """The thing itself; its module is loaded if it is not. Raises ValueError with a sentence."""
        # Each process has a __main__ of its own: only the file says which one is meant.
        module = None if self.module == "__main__" else sys.modules.get(self.module)
        if module is None and self._is_importable:
            module = importlib.import_module(self.module)
        if module is None and self.file is not None:
            module = loaded_module(self.file) or load_module(self.file, "script")
        if module is None:
            raise ValueError(f"there is no module {self.module}")
        try:
            return getattr(module, self.name)
        except AttributeError:
            raise ValueError(f"{self.file or self.module} has no {self.name}") from None

    @property
    def _is_importable(self) -> bool:
        if is_loaded_here(self.module) or self.module == "__main__":
            return False
        try:
            return importlib.util.find_spec(self.module) is not None
        except (ImportError, ValueError):
            return False


def reference_to(function: object) -> Reference | None:
    """How another process finds what a decorator made of a function: it stands under the function's name.

    None where only this process has it: it was defined inside another function, or the name means something else now.
    """
    plain = plain_function(function)
    module = sys.modules.get(plain.__module__)
    found = getattr(module, plain.__qualname__, None)
    if module is None or getattr(found, "function", None) is not function:
        return None
    file = getattr(module, "__file__", None)
    if file is None and module.__name__ == "__main__":
        return None
    return Reference(module.__name__, Path(file) if file is not None else None, plain.__qualname__)


def plain_function(function: object) -> FunctionType:
    """The function itself, behind decorators that say what they wrap."""
    while (inner := getattr(function, "__wrapped__", None)) is not None:
        function = inner
    if not isinstance(function, FunctionType):
        raise TypeError(f"{function!r} is no function")
    return function
