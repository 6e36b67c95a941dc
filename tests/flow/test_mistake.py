from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wavetank.errors import UserFailure
from wavetank.flow.mistake import first_of, let_go, mistake_in, trace_of
from wavetank.metrics.recorder import Recorder


def raised(function: Callable[[], object]) -> BaseException:
    """What a function raises that Wavetank calls."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011  # whatever it is
        function()
    return caught.value


def scenario(folder: Path, text: str, name: str = "agent") -> Callable[..., Any]:
    path = folder / "scenario.py"
    path.write_text(text, encoding="utf-8")
    module: dict[str, Any] = {}
    exec(compile(text, str(path), "exec"), module)
    return module[name]  # type: ignore[no-any-return]


def a_mistake(folder: Path, text: str) -> BaseException:
    return raised(scenario(folder, text))


def test_a_mistake_is_named_by_its_type_and_by_the_last_line_of_the_users_own(tmp_path: Path) -> None:
    error = a_mistake(tmp_path, "import json\n\ndef helper():\n    json.loads('{')\n\ndef agent():\n    helper()\n")
    mistake = mistake_in(error)
    assert mistake.kind == "JSONDecodeError at scenario.py:4"
    assert mistake.reason.startswith("helper() raised JSONDecodeError: Expecting property name")
    assert mistake.place == "scenario.py:4"


def test_a_traceback_has_the_users_frames_and_those_of_libraries_but_none_of_the_machinery(tmp_path: Path) -> None:
    call = scenario(
        tmp_path,
        "import asyncio, json\n\n"
        "async def wait():\n    await asyncio.wait_for(asyncio.sleep(0), 1)\n    json.loads('{')\n\n"
        "async def agent():\n    async with asyncio.timeout(5):\n        await wait()\n",
    )
    trace = trace_of(raised(lambda: asyncio.run(call())))
    assert trace.startswith("Traceback (most recent call last):\n")
    assert f'File "{tmp_path / "scenario.py"}", line 9, in agent\n    await wait()\n' in trace
    assert f"line 5, in wait\n    json.loads({'{'!r})" in trace
    assert json.decoder.__file__ in trace
    assert f"{Path(asyncio.__file__).parent}" not in trace
    assert trace.endswith(
        "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)\n"
    )


def test_frames_of_wavetank_below_the_users_code_are_left_out_and_the_place_is_where_it_called(tmp_path: Path) -> None:
    count = scenario(tmp_path, "def agent(recorder):\n    recorder.custom('counter', 'x', -1)\n")
    error = raised(lambda: count(Recorder(0)))
    assert mistake_in(error).kind == "ValueError at scenario.py:2"
    assert "recorder.py" not in trace_of(error)


def test_chained_causes_are_kept(tmp_path: Path) -> None:
    error = a_mistake(
        tmp_path,
        "def agent():\n    try:\n        {}['id']\n    except KeyError as missing:\n"
        "        raise RuntimeError('no id') from missing\n",
    )
    assert mistake_in(error).kind == "RuntimeError at scenario.py:5"
    trace = trace_of(error)
    assert "KeyError: 'id'" in trace
    assert "The above exception was the direct cause" in trace
    assert trace.endswith("RuntimeError: no id\n")


_GROUP = """
import asyncio

class Lost(Exception):
    pass

async def first():
    raise {error}

async def second():
    await asyncio.sleep(0)
    raise KeyError('b')

async def agent():
    async with asyncio.TaskGroup() as group:
        group.create_task(first())
        group.create_task(second())
"""


def test_a_group_is_named_by_its_first_exception_and_shown_whole(tmp_path: Path) -> None:
    call = scenario(tmp_path, _GROUP.format(error="Lost('a')"))
    error = raised(lambda: asyncio.run(call()))
    mistake = mistake_in(error)
    assert mistake.kind == "Lost at scenario.py:8"
    assert mistake.reason == (
        "first() raised ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception), the first of them Lost: a"
    )
    trace = trace_of(error)
    assert "Lost: a" in trace
    assert "in agent" in trace
    assert str(Path(asyncio.__file__).parent) not in trace
    assert isinstance(first_of(error), Exception)


def test_a_group_whose_exceptions_were_never_raised_has_the_place_of_the_group(tmp_path: Path) -> None:
    error = a_mistake(tmp_path, "def agent():\n    raise ExceptionGroup('both', [ValueError('a'), KeyError('b')])\n")
    assert mistake_in(error).kind == "ValueError at scenario.py:2"
    assert "KeyError: 'b'" in trace_of(error)


def test_a_failure_in_a_group_is_the_first_of_it() -> None:
    failure = UserFailure("reply_timeout", "no reply")
    assert first_of(ExceptionGroup("x", [ExceptionGroup("y", [failure]), ValueError()])) is failure


def test_an_error_of_wavetank_itself_is_told_with_all_its_frames() -> None:
    error = raised(lambda: Recorder(0).custom("counter", "", 1))
    while error.__traceback__ is not None and error.__traceback__.tb_frame.f_code.co_filename == __file__:
        error.__traceback__ = error.__traceback__.tb_next
    mistake = mistake_in(error)
    assert (mistake.kind, mistake.place) == ("exception", "")
    assert mistake.reason == "ValueError: a metric needs a name, and '' is none"
    assert "recorder.py" in trace_of(error)


def test_an_exception_that_will_not_tell_itself_is_counted_all_the_same(tmp_path: Path) -> None:
    text = "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\n\ndef agent():\n    raise Odd\n"
    error = a_mistake(tmp_path, text)
    assert mistake_in(error).kind == "Odd at scenario.py:6"
    assert "Odd" in mistake_in(error).reason
    assert "line 6, in agent" in trace_of(error)


def test_what_has_been_let_go_of_holds_no_frame(tmp_path: Path) -> None:
    class Held:
        pass

    held = Held()
    known = weakref.ref(held)
    call = scenario(
        tmp_path,
        "def agent(held):\n    try:\n        {}['id']\n    except KeyError:\n"
        "        raise ExceptionGroup('both', [ValueError('a')])\n",
    )
    errors = []
    try:
        call(held)
    except ExceptionGroup as error:
        errors.append(error)
    trace = trace_of(errors[0])
    del held
    gc.disable()
    try:
        assert known() is not None
        let_go(errors[0])
        assert known() is None
    finally:
        gc.enable()
    assert "ValueError: a" in trace
    assert errors[0].__context__ is not None
    assert errors[0].__context__.__traceback__ is None
