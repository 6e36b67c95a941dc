"""The Python file with the functions that a script names."""

from __future__ import annotations

import difflib
import hashlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any


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
    full_path = path.absolute()
    try:
        source = path.read_bytes()
    except FileNotFoundError:
        raise ValueError(f"There is no processor {path}.") from None
    except OSError as error:
        raise ValueError(f"The processor {path} cannot be read: {error.strerror or error}.") from error
    try:
        code = compile(source, str(full_path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise ValueError(f"{path}:{error.lineno or 1}: this is not Python: {error.msg}.") from error
    except ValueError as error:
        raise ValueError(f"{path} is not Python: {error}.") from error
    module = ModuleType(_module_name(full_path))
    module.__file__ = str(full_path)
    # Dataclasses and pickle look their module up by its name, at any time: it stays until the process ends.
    sys.modules[module.__name__] = module
    try:
        with _importable(full_path.parent):
            exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        # Whatever a person's own code raises is a mistake in that code; sys.exit() must not end a run.
        del sys.modules[module.__name__]
        raise ValueError(f"{path}:{_line(full_path, error)}: {_told(error)}") from error
    return Processor(path, {name: value for name, value in vars(module).items() if _is_public(name, value)})


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    before = list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path[:] = before


def _module_name(path: Path) -> str:
    base = f"_wavetank_processor_{hashlib.sha256(str(path).encode(errors='surrogateescape')).hexdigest()[:12]}"
    count = sum(1 for name in sys.modules if name.startswith(base))
    return f"{base}_{count}"


def _line(path: Path, error: BaseException) -> int:
    """The last line of the processor itself that the error came through; 1 if it came through none."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] or 1 if lines else 1


def _told(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


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
