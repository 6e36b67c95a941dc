"""A Python file as a module: a processor, or a script with scenarios."""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TypeVar

_PREFIX = "_wavetank_"
_Thing = TypeVar("_Thing")


def load_module(path: Path, kind: str) -> ModuleType:
    """Runs a Python file, which may import from its folder, and gives its module. Each call loads it anew.

    The module is known under a name of its own until the process ends: dataclasses and pickle look it up at any time.
    `kind` is what to call the file in a sentence: "processor". Raises ValueError, with a sentence that names the line,
    if the file is missing, is no Python or fails.
    """
    full_path = path.absolute()
    try:
        source = path.read_bytes()
    except FileNotFoundError:
        raise ValueError(f"There is no {kind} {path}.") from None
    except OSError as error:
        raise ValueError(f"The {kind} {path} cannot be read: {error.strerror or error}.") from error
    try:
        code = compile(source, str(full_path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise ValueError(f"{path}:{error.lineno or 1}: this is not Python: {error.msg}.") from error
    except ValueError as error:
        raise ValueError(f"{path} is not Python: {error}.") from error
    module = ModuleType(_new_name(full_path))
    module.__file__ = str(full_path)
    sys.modules[module.__name__] = module
    try:
        with _importable(full_path.parent):
            exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        # Whatever a person's own code raises is a mistake in that code; sys.exit() must not end a run.
        del sys.modules[module.__name__]
        raise ValueError(f"{path}:{_line(full_path, error)}: {_told(error)}") from error
    return module


def loaded_module(path: Path) -> ModuleType | None:
    """The module that `load_module` made of this file last, in this process."""
    base = _base_name(path.absolute())
    found = [name for name in sys.modules if name.startswith(base)]
    return sys.modules[max(found, key=_number)] if found else None


def is_loaded_here(module_name: str) -> bool:
    """Whether the name is one that `load_module` gave: no other process knows it."""
    return module_name.startswith(_PREFIX)


def defined_in(module: ModuleType, kind: type[_Thing]) -> list[_Thing]:
    """What of this kind stands at the top of a module, imported or its own, once each."""
    found: list[_Thing] = []
    for value in vars(module).values():
        if isinstance(value, kind) and not any(value is each for each in found):
            found.append(value)
    return found


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    before = list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path[:] = before


def _base_name(path: Path) -> str:
    return f"{_PREFIX}{hashlib.sha256(str(path).encode(errors='surrogateescape')).hexdigest()[:12]}_"


def _new_name(path: Path) -> str:
    base = _base_name(path)
    return f"{base}{sum(1 for name in sys.modules if name.startswith(base))}"


def _number(name: str) -> int:
    return int(name.rpartition("_")[2])


def _line(path: Path, error: BaseException) -> int:
    """The last line of the file itself that the error came through; 1 if it came through none."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] or 1 if lines else 1


def _told(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
