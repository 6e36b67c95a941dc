"""Experiment C: does a generator that is starved say so? Carried out by `bench/starved.py`; its table is taken over."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(__file__).parents[1] / "starved.py"


@dataclass(frozen=True, slots=True)
class Starved:
    """What the program printed at its end, and whether the promise was kept."""

    lines: str
    kept: bool


def run_starved(*, quick: bool) -> Starved:
    """All its runs; many minutes. Raises OSError where the program could not do its work."""
    command = [sys.executable, str(PROGRAM), *(("--runs", "1") if quick else ())]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    parts = ended.stdout.rstrip().rsplit("\n\n", 1)
    if len(parts) != 2:
        raise OSError(f"{PROGRAM.name} ended with {ended.returncode} and no table")
    return Starved(parts[1], ended.returncode == 0)
