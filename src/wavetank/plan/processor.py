"""The Python file with the functions that a script names."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wavetank.plan.python.module import load_module


@dataclass(frozen=True, slots=True)
class ProcessorFunction:
    """A function of a processor, and how to call it.

    `accepts` is how many of (context, events, done) it takes: 1, 2 or 3. `parameters` are the names that it
    gives them, for the steps that call with other things. `is_async`: calling it gives something to await.
    """

    name: str
    call: Callable[..., Any]
    accepts: int
    is_async: bool
    parameters: tuple[str, ...]


class Processor:
    """The functions of one processor file; made by `load_processor`."""

    def __init__(self, path: Path, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.path = path
        self._functions = dict(functions)

    @property
    def names(self) -> frozenset[str]:
        """The functions that a script may name: all public ones, imported ones included."""
        return frozenset(self._functions)

    def function(self, name: str) -> ProcessorFunction:
        """The function of that name.

        Raises ValueError, with a sentence, if there is none or if it cannot be called with 1 to 3 arguments.
        """
        if name not in self._functions:
            near = difflib.get_close_matches(name, self._functions, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(self._functions)) or 'none'}."
            raise ValueError(f"{self.path} has no function {name}; {hint}")
        call = self._functions[name]
        parameters = _parameters(self.path, name, call)
        return ProcessorFunction(name, call, len(parameters), _is_async(call), parameters)


def load_processor(path: Path) -> Processor:
    """Runs a Python file and takes the functions from it.

    It runs as a module under a name of its own, and may import from its folder while it loads: an import in
    a function, later, finds only what has been imported by then. Each call loads it anew.

    Raises ValueError, with a sentence that names the line, if the file is missing, is no Python or fails.
    """
    module = load_module(path, "processor")
    return Processor(path, {name: value for name, value in vars(module).items() if _is_public(name, value)})


def _is_public(name: str, value: object) -> bool:
    if name.startswith("_") or inspect.isclass(value) or inspect.isbuiltin(value):
        return False
    # Some names of typing, such as Optional, can be called as far as Python can tell.
    return callable(value) and type(value).__module__ != "typing"


def _is_async(call: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)


def _parameters(path: Path, name: str, call: Callable[..., Any]) -> tuple[str, ...]:
    """The positional parameters that a call fills; one with a default only if it is `events` or `done`."""
    right = f"write def {name}(context, events)"
    try:
        signature = inspect.signature(call)
    except ValueError:
        raise ValueError(f"{path}: nothing is known of the parameters of {name}; {right}.") from None
    names: list[str] = []
    for parameter in signature.parameters.values():
        needed = parameter.default is parameter.empty
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            if needed or parameter.name in ("events", "done"):
                names.append(parameter.name)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            names += ["context", "events"][len(names) :]
        elif parameter.kind is parameter.KEYWORD_ONLY and needed:
            raise ValueError(f"{path}: {name} needs the keyword {parameter.name}, which nothing gives it; {right}.")
    if not 1 <= len(names) <= 3:
        raise ValueError(f"{path}: {name} takes {len(names)} arguments, but it gets one to three; {right}.")
    return tuple(names)
