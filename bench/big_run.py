"""`wavetank run` against the target of big runs, with an eye on what both of them cost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.target import Target
from bench.watch import Watch

_BUSIEST_S = 10.0
_LOOK_EVERY_S = 1.0


class RunFailed(RuntimeError):
    """The run left no summary behind; the text says how it ended."""


class Stopped(RuntimeError):
    """Somebody pressed Ctrl-C; the run has been ended in good order, and its folder is there."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What some processes took: cores in its busiest ten seconds, and the most memory (bytes) it held.

    None where the system does not say.
    """

    cores: float | None
    peak_bytes: int | None


@dataclass(frozen=True, slots=True)
class BigRun:
    """A run that has ended: what it reported (`summary` is summary.json, `text` its report), and what it cost."""

    exit_code: int
    summary: dict[str, Any]
    text: str
    generator: Cost
    server: Cost

    def counter(self, name: str) -> int:
        """A counter; 0 where nothing was counted."""
        return int(self.summary["counters"].get(name, 0))

    def gauge(self, name: str) -> float:
        """The highest reading of a gauge; 0 where there is none."""
        return float(self.summary["gauges"].get(name, 0))

    def figure(self, histogram: str, name: str) -> float | None:
        """A figure of a histogram (`p99`, `max`), in milliseconds; None where nothing was measured."""
        figures = self.summary["histograms"].get(histogram)
        return None if not figures else float(figures[name])

    @property
    def trusted(self) -> bool:
        """Whether the generator kept its promise."""
        return bool(self.summary["trust"]["ok"])

    @property
    def complete(self) -> bool:
        """Whether every share of it was carried to its end."""
        return bool(self.summary["complete"])

    @property
    def reasons(self) -> list[str]:
        """Why it is not to be trusted; empty where it is."""
        return [str(reason) for reason in self.summary["trust"]["reasons"]]

    @property
    def workers(self) -> int:
        """How many processes carried the users."""
        return len(self.summary["workers"])


def carry_out(script: Path, target: Target, folder: Path, options: Sequence[str] = ()) -> BigRun:
    """The run, from its start to its reports in `folder`, which is not there yet; `options` are those of `run`.

    Progress goes to stderr. Raises RunFailed, and Stopped after a Ctrl-C.
    """
    command = [sys.executable, "-m", "wavetank", "run", str(script), "--target", target.url, "--output", str(folder)]
    command += [*options] if sys.stderr.isatty() else [*options, "--quiet"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process,
        Watch(process.pid, every_s=_LOOK_EVERY_S) as generator,
        Watch(target.process, every_s=_LOOK_EVERY_S) as server,
    ):
        text, stopped = _ended(process)
    if stopped:
        raise Stopped(f"stopped; what was measured until then is in {folder}")
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFailed(f"wavetank run ended with {process.returncode} and left no summary: {error}") from error
    return BigRun(process.returncode, summary, text, _cost(generator), _cost(server))


def _ended(process: subprocess.Popen[str]) -> tuple[str, bool]:
    """Waits; a Ctrl-C is passed on by hand, so that the run is asked to stop just once: twice means at once."""
    try:
        return process.communicate()[0], False
    except KeyboardInterrupt:
        if sys.platform != "win32":  # where a Ctrl-C reaches everybody at the console
            process.send_signal(signal.SIGINT)
        return process.communicate()[0], True


def _cost(watch: Watch) -> Cost:
    return Cost(watch.busiest(_BUSIEST_S), watch.peak_bytes or None)
