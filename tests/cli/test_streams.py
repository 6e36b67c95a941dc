"""What becomes of the last words where nobody takes them, seen at the exit code."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.system.command import environment

_WORDS = """\
import sys
for stream in sys.stdout, sys.stderr:
    try:
        print("gone", file=stream, flush=True)
    except OSError:
        pass
"""
_SETTLED = _WORDS + "from wavetank.cli.streams import settle\nsettle(sys.stdout, sys.stderr)\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(("code", "exit_code"), [(_WORDS, 120), (_SETTLED, 0)], ids=["left alone", "settled"])
def test_a_terminal_that_has_gone_does_not_change_the_exit_code(code: str, exit_code: int) -> None:
    terminal, its_end = os.openpty()
    os.close(terminal)
    try:
        ended = subprocess.run(
            [sys.executable, "-c", code],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=its_end,
            stderr=its_end,
            timeout=30,
            check=False,
        )
    finally:
        os.close(its_end)
    assert ended.returncode == exit_code


def test_what_is_left_in_a_stream_is_written() -> None:
    reading, writing = os.pipe()
    code = _SETTLED.replace(", flush=True", "") + "import os\nos._exit(0)\n"
    with os.fdopen(reading) as words:
        try:
            subprocess.run([sys.executable, "-c", code], env=environment(), stdout=writing, timeout=30, check=True)
        finally:
            os.close(writing)
        assert words.read() == "gone\n"
