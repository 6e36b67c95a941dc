"""A script with twenty mistakes, in one file, at known lines."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from wavetank.errors import ScriptError
from wavetank.plan.artillery import read_script

SCRIPT = Path(__file__).parent / "twenty_mistakes.yml"

EXPECTED = [
    (2, "the target 'localhost:8000' is no WebSocket address"),
    (3, "unknown key 'phazes' in config (did you mean 'phases'?)"),
    (5, "arrivalCount and arrivalRate stand in one phase (choose one of them)"),
    (6, "'duration' of the phase must be a duration: 'sixty' is not"),
    (7, "'arrivalRate' of the phase must be a number of at least 0, not the number -1"),
    (8, "the phase does not say who arrives"),
    (10, "unknown key 'subprotocol' in config.ws (did you mean 'subprotocols'?)"),
    (11, "unknown key 'agent' in config.ws"),
    (14, "There is no file users.csv"),
    (18, "unknown metric 'websocket.response_time.p59x' (did you mean 'websocket.response_time.p"),
    (20, "the expression 'vusers.failed === 0' cannot be read"),
    (24, "the engine 'http' is not supported (only engine: ws is supported here)"),
    (30, "unknown function 'generateUserld' of functions.py (did you mean 'generateUserId'?)"),
    (31, "unknown step 'conect' (did you mean 'connect'?)"),
    (32, "unknown key 'matches' in 'send' (did you mean 'match'?)"),
    (33, "'$.[' is not a JSONPath"),
    (34, "'xpath' is not supported here (use json or regexp instead)"),
    (35, "There is no template function $randomNumbr; did you mean $randomNumber?"),
    (37, "'think' must be a duration: The duration -3 is negative"),
    (38, "a step has one key, not 'log' and 'send'"),
]


def test_twenty_mistakes_give_twenty_messages_at_the_right_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(SCRIPT, "script.yml")
    Path("functions.py").write_text("def generateUserId(context, events): ...\n", encoding="utf-8")
    with pytest.raises(ScriptError) as caught:
        read_script(Path("script.yml"))
    problems = caught.value.problems
    assert [problem.where.line for problem in problems] == [line for line, _ in EXPECTED], str(caught.value)
    assert {problem.where.file for problem in problems} == {"script.yml"}
    for problem, (line, text) in zip(problems, EXPECTED, strict=True):
        assert str(problem).startswith(f"script.yml:{line}: {text}")
    assert len(problems) == 20
