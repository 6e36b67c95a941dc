"""The file of a script, YAML or JSON, as a tree of nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from wavetank.errors import Problem, ScriptError, Where
from wavetank.plan.artillery.text import json_source, yaml_source
from wavetank.plan.artillery.text.node import Node

_FORMS: Mapping[str, Callable[[str, str], Node]] = {
    ".yml": yaml_source.read,
    ".yaml": yaml_source.read,
    ".json": json_source.read,
}


def read_source(path: Path) -> Node:
    """The script at `path`. A place names the file as `path` is written.

    Raises ScriptError if there is no such file, if it is no text in UTF-8, if it is empty, or if it is not
    well-formed YAML or JSON.
    """
    file = str(path)
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        hint = "Artillery scripts in JavaScript or TypeScript have to be written as YAML"
        raise _refused(
            Where(file),
            "the file name does not end in .yml, .yaml or .json",
            hint if path.suffix.lower() in {".js", ".ts", ".mjs", ".cjs"} else "",
        )
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _refused(Where(file), "there is no such file") from None
    except IsADirectoryError:
        raise _refused(Where(file), "this is a directory, not a script") from None
    except (OSError, ValueError) as error:
        if path.is_dir():  # what Windows calls "permission denied"
            raise _refused(Where(file), "this is a directory, not a script") from None
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise _refused(Where(file), f"the file cannot be read: {reason}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refused(Where(file, line), "the file is not text in UTF-8", "save it as UTF-8") from None
    if not text.strip():
        raise _refused(Where(file), "the file is empty")
    return form(text, file)


def _refused(where: Where, message: str, hint: str = "") -> ScriptError:
    return ScriptError([Problem(where, message, hint)])
