"""`config.processor`, and the functions of it that steps name."""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from pathlib import Path

from wavetank.errors import Where
from wavetank.plan.artillery.config.connection import existing_file
from wavetank.plan.artillery.findings import Findings, listing, suggestion
from wavetank.plan.artillery.scope import Call
from wavetank.plan.processor import load_processor

_JAVASCRIPT = (".js", ".mjs", ".cjs", ".ts")
_FORM = "def NAME(context, events): …"


def processor_place(text: str | None, folder: Path) -> Path | None:
    """Where the functions of a processor would be in Python, whether there is a file or not; None for no file."""
    if text is None or Path(text).suffix.lower() not in (".py", *_JAVASCRIPT):
        return None
    return folder / Path(text).with_suffix(".py")


def find_processor(
    text: str | None, where: Where, folder: Path, calls: Iterable[Call], findings: Findings
) -> Path | None:
    """The Python file with the functions that `calls` name; each name that it does not have is noted.

    For a processor in JavaScript, the file of the same name in Python beside it is taken.
    """
    named = sorted(set(calls))
    if text is None:
        if named:
            findings.error(
                named[0].where,
                f"the script names {_functions(named)}, but no config.processor",
                "name a Python file; wavetank check --stub writes one to begin with",
            )
        return None
    path = folder / text
    javascript = path.suffix.lower() in _JAVASCRIPT
    if javascript:
        twin = existing_file(str(Path(text).with_suffix(".py")), folder)
        if twin is None:
            _explain(text, where, named, findings)
            return None
        findings.warn(where, f"Artillery runs {text}; here it is {twin.name} beside it, in Python")
        path = twin
    elif path.suffix.lower() != ".py":
        findings.error(where, f"the processor {text!r} is no Python file", "its name has to end in .py")
        return None
    elif existing_file(text, folder) is None:
        findings.error(where, f"there is no processor {text!r}", "paths start at the script")
        return None
    else:
        findings.warn(where, f"Artillery runs no Python; it would need {path.stem}.js beside {path.name}")
    _check(path, where, named, findings)
    return path


def _explain(text: str, where: Where, named: list[Call], findings: Findings) -> None:
    twin = Path(text).with_suffix(".py").name
    uses = f"the script uses {_functions(named)} of it; " if named else ""
    findings.error(
        where,
        f"the processor {text!r} is JavaScript, and there is no {twin} beside it",
        f"{uses}write each as {_FORM} in {twin}: wavetank check --stub writes a skeleton",
    )


def _check(path: Path, where: Where, named: list[Call], findings: Findings) -> None:
    try:
        processor = load_processor(path)
    except ValueError as error:
        findings.error(where, f"the processor does not load: {str(error).rstrip('.')}")
        return
    for call in named:
        if call.name not in processor.names:
            findings.error(
                call.where,
                f"unknown function {call.name!r} of {path.name}",
                suggestion(call.name, processor.names),
            )
            continue
        try:
            processor.function(call.name)
        except ValueError as error:
            findings.error(call.where, str(error).rstrip("."))


def _functions(calls: Iterable[Call]) -> str:
    names = list(dict.fromkeys(call.name for call in calls))
    return f"the function{'s' if len(names) > 1 else ''} {listing(names)}"


def skeleton(calls: Iterable[Call], script: str) -> str:
    """The text of a Python file with a function for each name; the beginning of a processor."""
    roles: dict[str, Call] = {}
    for call in sorted(set(calls)):
        roles.setdefault(call.name, call)
    parts = [f'"""The functions of {script.replace(chr(34), chr(39)).replace(chr(92), "/")}."""\n']
    for name, call in roles.items():
        if name.isidentifier() and not keyword.iskeyword(name):
            parts.append(_BODIES[call.role].format(name=name))
        else:
            parts.append(f"# {name!r} cannot be the name of a function in Python: call it otherwise in the script.\n")
    return "\n\n".join(parts)


_BODIES = {
    "step": '''def {name}(context, events):
    """Called by a user. Its variables are context.vars; count by events.emit("counter", "my.count", 1)."""
    context.vars["something"] = "a value for {{{{ something }}}} in the script"
''',
    "connect": '''def {name}(params, context):
    """Called before a user connects; may change params: its target, subprotocols and options."""
    params["options"].setdefault("headers", {{}})
''',
    "while": '''def {name}(context):
    """Called after each round of a loop; the loop goes on as long as this is true."""
    return False
''',
}
