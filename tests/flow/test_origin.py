from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from types import CodeType
from typing import Any, cast

import click
import orjson
import pytest

from wavetank.flow import origin
from wavetank.flow.origin import Origin, function_of, origin_of


@pytest.mark.parametrize(
    ("file", "whose"),
    [
        (__file__, Origin.OWN),
        ("/home/me/load/scenario.py", Origin.OWN),
        ("/home/me/uvloop/scenario.py", Origin.OWN),
        ("scenario.py", Origin.OWN),
        ("<stdin>", Origin.OWN),
        ("/tmp/ipykernel_12/34.py", Origin.OWN),
        (json.__file__, Origin.LIBRARY),
        (click.__file__, Origin.LIBRARY),
        (orjson.__file__, Origin.LIBRARY),
        ("/usr/lib/python3/dist-packages/requests/api.py", Origin.LIBRARY),
        ("C:\\venv\\Lib\\site-packages\\requests\\api.py", Origin.LIBRARY),
        ("<frozen os>", Origin.LIBRARY),
        ("<string>", Origin.LIBRARY),
        (asyncio.__file__, Origin.MACHINERY),
        (origin.__file__, Origin.MACHINERY),
        ("uvloop/loop.pyx", Origin.MACHINERY),
        ("picows/picows.pyx", Origin.MACHINERY),
        ("wavetank/flow/loops.py", Origin.MACHINERY),
        ("/x/site-packages/picows/api.py", Origin.MACHINERY),
    ],
)
def test_a_file_is_known_by_its_name(file: str, whose: Origin) -> None:
    assert origin_of(file) is whose


def test_the_standard_library_is_known_by_where_it_really_is() -> None:
    assert origin_of(os.path.realpath(json.__file__)) is Origin.LIBRARY


class Client:
    def login(self) -> None: ...

    def helper(self) -> Callable[[], object]:
        def inner() -> object:
            return None

        return inner


def around() -> CodeType:
    def generator_expression() -> Any:
        return (each for each in "ab")

    return cast("CodeType", generator_expression().gi_code)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (test_the_standard_library_is_known_by_where_it_really_is.__code__, None),
        (Client.login.__code__, "Client.login()"),
        (Client().helper().__code__, "inner()"),
        (around(), "generator_expression()"),
        (compile("1", "scenario.py", "exec"), "<module>"),
        ((lambda: None).__code__, "<lambda>"),
    ],
)
def test_a_function_is_named_as_a_person_would(code: CodeType, name: str | None) -> None:
    assert function_of(code) == (name or f"{code.co_name}()")
