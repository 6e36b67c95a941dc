"""The limit of open files, in a process of its own, because a limit once raised stays."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")

PROGRAM = """
import resource
from wavetank.engine.worker.open_files import raise_open_file_limit

_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
raise_open_file_limit()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_is_raised_as_far_as_the_system_allows() -> None:
    output = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True, text=True).stdout

    soft, hard = map(int, output.split())
    assert soft == hard if sys.platform == "linux" else soft > 64


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells, and only there it matters")
def test_the_table_of_open_files_is_long_before_the_first_connection() -> None:
    program = """
import re
from pathlib import Path
from wavetank.engine.worker.open_files import make_room_for_open_files, raise_open_file_limit

raise_open_file_limit()
before = len(list(Path("/proc/self/fd").iterdir()))
make_room_for_open_files()
print(before, len(list(Path("/proc/self/fd").iterdir())))
print(re.search(r"FDSize:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout
    before, after, size = map(int, output.split())
    assert before == after, "no file is left open"
    assert size >= 1024
