"""The programs in C, built once for all tests that run them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "bench" / "native"

needs_compiler = pytest.mark.skipif(
    sys.platform != "linux" or not (shutil.which("cc") and shutil.which("make")),
    reason="the programs in C are for Linux, and need a compiler and make",
)


def built(folder: Path) -> Path:
    """Both programs, built from a copy in `folder`, so that tests of several processes do not disturb each other."""
    for source in (*FOLDER.glob("*.c"), *FOLDER.glob("*.h"), FOLDER / "Makefile"):
        shutil.copy(source, folder)
    subprocess.run(["make", "CFLAGS=-O1 -Werror"], cwd=folder, check=True, capture_output=True, text=True)
    return folder / "build"


@contextmanager
def server(programs: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The server and its port. Whoever wants its last line terminates it and reads; else it is ended here."""
    command = [str(programs / "server"), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.terminate()
