from __future__ import annotations

import asyncio
import pickle
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from wavetank.plan.processor import Processor, load_processor


def load(tmp_path: Path, source: str, name: str = "processor.py") -> Processor:
    path = tmp_path / name
    path.write_text(dedent(source), encoding="utf-8")
    return load_processor(path)


def test_the_functions_of_a_file_can_be_called_by_name(tmp_path: Path) -> None:
    processor = load(tmp_path, "def greet(context, events):\n    return 'hello ' + context\n")
    greet = processor.function("greet")
    assert greet.call("Ada", None) == "hello Ada"
    assert (greet.name, greet.accepts, greet.is_async, greet.parameters) == ("greet", 2, False, ("context", "events"))


def test_public_functions_are_named_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "wavetank_test_shared.py").write_text("def shared(context): pass\n")
    processor = load(
        tmp_path,
        """
        import math
        from dataclasses import dataclass
        from functools import partial
        from time import perf_counter
        from typing import Any, Optional
        from wavetank_test_shared import shared
        NUMBER = 5
        class Thing: pass
        class Caller:
            def __call__(self, context, events): pass
        def one(context): pass
        def _private(context): pass
        two = lambda context, events: None
        three = Caller()
        """,
    )
    assert processor.names == {"dataclass", "shared", "one", "two", "three"}


@pytest.mark.parametrize(
    ("definition", "accepts"),
    [
        ("def f(context): ...", 1),
        ("def f(context, events): ...", 2),
        ("def f(context, events, done): ...", 3),
        ("def f(context, events, done=None): ...", 3),
        ("def f(context, events=None): ...", 2),
        ("def f(context, events, limit=5): ...", 2),
        ("def f(context, limit=5): ...", 1),
        ("def f(context, *rest): ...", 2),
        ("def f(*all): ...", 2),
        ("def f(context, *, loud=False): ...", 1),
        ("def f(context, /, events, **more): ...", 2),
        ("f = lambda context, events: None", 2),
        ("import functools\ndef g(x, context): ...\nf = functools.partial(g, 1)", 1),
        ("class C:\n    def __call__(self, context, events, done): ...\nf = C()", 3),
    ],
)
def test_how_many_arguments_a_function_takes_is_known(tmp_path: Path, definition: str, accepts: int) -> None:
    assert load(tmp_path, definition).function("f").accepts == accepts


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("def f(): ...", "takes 0 arguments"),
        ("def f(a, b, c, d): ...", "takes 4 arguments"),
        ("def f(context, *, key): ...", "needs the keyword key"),
    ],
)
def test_a_function_that_cannot_be_called_says_how_to_write_it(tmp_path: Path, definition: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"{message}.*write def f\(context, events\)"):
        load(tmp_path, definition).function("f")


def test_async_functions_are_known_to_be_async(tmp_path: Path) -> None:
    processor = load(
        tmp_path,
        """
        async def wait(context, events): return 5
        class Caller:
            async def __call__(self, context): ...
        called = Caller()
        def plain(context): ...
        """,
    )
    assert processor.function("wait").is_async
    assert processor.function("called").is_async
    assert not processor.function("plain").is_async
    assert asyncio.run(processor.function("wait").call(None, None)) == 5


def test_an_unknown_function_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    processor = load(tmp_path, "def generateUserId(context): ...\ndef printStats(context): ...\n")
    with pytest.raises(ValueError, match="no function generateUserID; did you mean generateUserId"):
        processor.function("generateUserID")
    with pytest.raises(ValueError, match="it has generateUserId, printStats"):
        processor.function("x")
    with pytest.raises(ValueError, match="it has none"):
        load(tmp_path, "").function("x")


def test_a_file_beside_the_processor_can_be_imported_while_it_loads_and_the_path_is_as_before(
    tmp_path: Path,
) -> None:
    (tmp_path / "wavetank_test_beside.py").write_text("ANSWER = 42\n")
    before = list(sys.path)
    processor = load(tmp_path, "import wavetank_test_beside as b\ndef answer(context): return b.ANSWER\n")
    assert processor.function("answer").call(None) == 42
    assert sys.path == before


def test_the_path_is_as_before_also_when_loading_fails(tmp_path: Path) -> None:
    paths, modules = list(sys.path), set(sys.modules)
    with pytest.raises(ValueError, match="ZeroDivisionError"):
        load(tmp_path, "1 / 0\n")
    assert sys.path == paths
    assert set(sys.modules) == modules


def test_two_processors_of_one_name_do_not_share_their_state(tmp_path: Path) -> None:
    source = "count = 0\ndef more(context):\n    global count\n    count += 1\n    return count\n"
    (tmp_path / "other").mkdir()
    processors = [load(tmp_path, source), load(tmp_path, source), load(tmp_path / "other", source)]
    assert [processor.function("more").call(None) for processor in processors] == [1, 1, 1]
    assert processors[0].function("more").call(None) == 2


def test_dataclasses_of_a_processor_work_and_can_be_pickled(tmp_path: Path) -> None:
    processor = load(
        tmp_path,
        """
        from __future__ import annotations
        from dataclasses import dataclass, field
        @dataclass
        class Point:
            x: int
            tags: list[str] = field(default_factory=list)
        def make(context): return Point(1)
        """,
    )
    point = processor.function("make").call(None)
    assert pickle.loads(pickle.dumps(point)) == point


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\ndef f(:\n", r"processor\.py:2: this is not Python: "),
        ("x = 1\n\nraise RuntimeError('no luck')\n", r"processor\.py:3: RuntimeError: no luck"),
        ("def fail():\n    raise KeyError\n\nfail()\n", r"processor\.py:2: KeyError"),
        ("import wavetank_no_such_module\n", r"processor\.py:1: ModuleNotFoundError: No module named"),
        ("import json\n\njson.loads('{')\n", r"processor\.py:3: JSONDecodeError"),
        ("import sys\nsys.exit('stop')\n", r"processor\.py:2: SystemExit: stop"),
        ("x = '\0'\n", r"processor\.py(:1)?.*not Python"),
    ],
)
def test_a_file_that_fails_is_refused_with_the_line_in_it(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(tmp_path, source)


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    path = tmp_path / "processor.py"
    path.write_bytes("name = 'é'\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"processor\.py:\d+: this is not Python: .*utf-8"):
        load_processor(path)


def test_a_missing_processor_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no processor .*nowhere\.py"):
        load_processor(tmp_path / "nowhere.py")
    with pytest.raises(ValueError, match="cannot be read"):
        load_processor(tmp_path)
