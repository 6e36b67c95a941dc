"""The stack of another thread."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from wavetank.engine.worker.blocking import own_place
from wavetank.engine.worker.stack import DEEPEST, Place, StackReader, stack_in


@contextmanager
def running(target: Callable[[threading.Event, threading.Event], None]) -> Iterator[int]:
    """A thread that has set the first event, and ends with the second."""
    begun, ended = threading.Event(), threading.Event()
    thread = threading.Thread(target=target, args=(begun, ended), daemon=True)
    thread.start()
    try:
        assert begun.wait(10)
        yield thread.ident or 0
    finally:
        ended.set()
        thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def reader() -> Iterator[StackReader]:
    reader = StackReader()
    yield reader
    reader.close()


def function_in(path: Path, text: str) -> Any:
    module: dict[str, Any] = {}
    exec(compile(text, str(path), "exec"), module)
    return module["rest"]


def test_the_frames_of_a_thread_from_the_innermost_on(tmp_path: Path, reader: StackReader) -> None:
    path = tmp_path / 'größe "1".py'
    text = (
        "class Client:\n    def wait(self, ended):\n        ended.wait(10)\n\n"
        "def rest(begun, ended):\n    begun.set()\n    [Client().wait(ended) for _ in range(1)]\n"
    )
    with running(function_in(path, text)) as thread:
        own = [place for place in reader.read(thread) if place.file == str(path)]
    assert own[0] == Place(str(path), 3, "wait")
    assert own[-1] == Place(str(path), 7, "rest")


def test_of_a_very_deep_stack_the_inner_end(tmp_path: Path, reader: StackReader) -> None:
    text = (
        "def rest(begun, ended, depth=300):\n    if depth:\n        rest(begun, ended, depth - 1)\n    else:\n"
        "        begun.set()\n        ended.wait(10)\n"
    )
    with running(function_in(tmp_path / "deep.py", text)) as thread:
        stack = reader.read(thread)
    assert len(stack) == DEEPEST
    assert stack[-1].line == 3


def test_a_thread_that_has_ended_has_none(reader: StackReader) -> None:
    with running(lambda begun, _: begun.set()) as thread:
        pass
    assert reader.read(thread) == []


def test_a_thread_that_goes_on_meanwhile_does_no_harm(reader: StackReader) -> None:
    # Frames that end while they are looked at are what `sys._current_frames` and `f_back` cannot cope with.
    def depths(depth: int) -> Iterator[int]:
        yield depth
        if depth:
            yield from depths(depth - 1)

    def go_on(begun: threading.Event, ended: threading.Event) -> None:
        begun.set()
        while not ended.is_set():
            assert sum(depths(30)) == 465

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with running(go_on) as thread:
            stacks = [reader.read(thread) for _ in range(300)]
    finally:
        sys.setswitchinterval(interval)
    assert all(stacks)
    assert all(any(place.function == "go_on" for place in stack) for stack in stacks)


def test_what_newer_versions_write_is_read_too() -> None:
    text = (
        "Thread 0x00007f01 [worker] (most recent call first):\n"
        '  File "/a.py", line 3 in f\n\n'
        "Current thread 0x00007f02 [MainThread] (most recent call first):\n"
        '  File "/b.py", line 4 in <lambda>\n  File "/c.py", line 5 in g\n  ...\n'
    )
    assert stack_in(text, 0x7F01) == [Place("/a.py", 3, "f")]
    assert stack_in(text, 0x7F02) == [Place("/b.py", 4, "<lambda>"), Place("/c.py", 5, "g")]
    assert stack_in(text, 0x7F0) == []


def test_a_place_is_the_innermost_line_of_the_users_own_in_the_function_around_it() -> None:
    library = Place(threading.__file__, 7, "wait")
    comprehension, function = Place("/own/x.py", 4, "<listcomp>"), Place("/own/x.py", 3, "agent")
    assert own_place([library, comprehension, function, library]) == "agent() (x.py:4)"
    assert own_place([library, Place("/own/y.py", 9, "<module>")]) == "<module> (y.py:9)"
    assert own_place([library]) == own_place([]) == ""
