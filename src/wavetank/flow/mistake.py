"""A mistake in a user's own code: what an exception that ended a virtual user comes to, for a person who reads it.

Only what these functions give is to be kept. An exception holds every frame that it came through, and the frames hold
the user with all that it had.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from types import CodeType, TracebackType

from wavetank.flow.origin import Origin, function_of, origin_of

OURS = "exception"
"""The kind of an exception that came through no code of the user's own: an error in Wavetank itself."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What an exception is counted as, and what it says.

    `kind`: its type and place, `ValueError at scenario.py:12`. `reason`: a sentence, `agent() raised ValueError: …`.
    `place`: the last line of the user's own code that it came through, `scenario.py:12`; empty where there is none, and
    `kind` is `OURS` then.
    """

    kind: str
    reason: str
    place: str


def first_of(error: BaseException) -> BaseException:
    """The exception itself; of a group, such as one of `asyncio.TaskGroup`, the first that is in it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def mistake_in(error: BaseException) -> Mistake:
    """What an exception comes to. Quick enough for every user who fails."""
    first = first_of(error)
    said = _said(first) if first is error else f"{_said(error)}, the first of them {_said(first)}"
    found = None
    each = error
    while True:
        found = _last_own(each.__traceback__) or found
        if not isinstance(each, BaseExceptionGroup):
            break
        each = each.exceptions[0]
    if found is None:
        return Mistake(OURS, said, "")
    code, line = found
    place = f"{PurePath(code.co_filename).name}:{line}"
    return Mistake(f"{type(first).__name__} at {place}", f"{function_of(code)} raised {said}", place)


def trace_of(error: BaseException) -> str:
    """The traceback as Python prints it, with chained causes, but without the frames of Wavetank and the event loop.

    Where none of the frames is the user's own, all are in it. It takes up to milliseconds: to be made once for each
    kind.
    """
    try:
        told = traceback.TracebackException.from_exception(error, compact=True)
        if mistake_in(error).place:
            for each in _chained(told):
                kept = [frame for frame in each.stack if origin_of(frame.filename) is not Origin.MACHINERY]
                each.stack = traceback.StackSummary.from_list(kept)
        return "".join(told.format())
    except Exception as trouble:  # a class of the user's own may answer to anything with an exception
        return f"{type(error).__name__}, whose traceback cannot be told: {type(trouble).__name__}"


def let_go(error: BaseException) -> None:
    """Drop the frames of an exception and of all that is chained to it; without that, only the collector frees them."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        each.__traceback__ = None
        waiting += (each.__cause__, each.__context__)
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions


def _last_own(trace: TracebackType | None) -> tuple[CodeType, int] | None:
    """The code and the line of the last frame that is the user's own."""
    found = None
    while trace is not None:
        code = trace.tb_frame.f_code
        if origin_of(code.co_filename) is Origin.OWN:
            found = code, trace.tb_lineno
        trace = trace.tb_next
    return found


def _chained(told: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """An exception that is told, its causes, and those that are in it where it is a group."""
    waiting = [told]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += [cause for cause in (each.__cause__, each.__context__) if cause is not None]
        waiting += each.exceptions or ()


def _said(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # see trace_of
        text = "it cannot be told what"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
