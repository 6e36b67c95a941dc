"""The real command line as a person calls it, and what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "wavetank")
PATIENCE_S = 60.0
"""No run of these tests takes nearly as long; one that does is killed."""

_LEFT_OUT = ("WS_URL", "CONNECTIONS", "MESSAGES", "PYTHONUNBUFFERED")
_NEVER_SAID = ("\nTraceback", "internal error", "never retrieved", "Exception ignored", "Warning:")


@dataclass(frozen=True)
class Outcome:
    """How a command ended. `summary` is summary.json, empty where none was written."""

    exit_code: int
    stdout: str
    stderr: str
    folder: Path
    script: Path | None = None
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """The exit code, with 4 (only trust is lost) taken for 0.

        These tests run beside each other on a machine of two cores, and generators that share a core say so. What
        the tests count is exact all the same; those that are about trust look at `exit_code`.
        """
        return 0 if self.exit_code == 4 else self.exit_code

    @property
    def counters(self) -> dict[str, int]:
        """The counters that are not 0."""
        return {name: count for name, count in self.summary["counters"].items() if count}

    @property
    def errors(self) -> dict[str, int]:
        """How often each kind of error was counted."""
        return {error["kind"]: error["count"] for error in self.summary["errors"]}

    @property
    def examples(self) -> dict[str, str]:
        """The example sentence of each kind of error."""
        return {error["kind"]: error["example"] for error in self.summary["errors"]}

    def check(self) -> None:
        """What holds after every run, whatever the server did."""
        for text in (self.stdout, self.stderr):
            for word in _NEVER_SAID:
                # A traceback of a script's own mistake is indented in the report; one of ours begins a line.
                assert word not in f"\n{text}", text
        if not self.summary:
            return
        # What holds of a whole run need not hold of a part: a request may be under way where it begins or ends.
        whole = self.summary.get("whole", self.summary)
        counters, errors = whole["counters"], whole["errors"]
        ended = sum(counters[f"vusers.{end}"] for end in ("completed", "failed", "interrupted"))
        assert counters["vusers.created"] == ended, counters
        assert counters["websocket.requests"] == counters["websocket.replies"] + counters["websocket.replies_lost"]
        assert sum(error["count"] for error in errors) == counters["vusers.failed"]
        assert {name: count for name, count in counters.items() if name.startswith("errors.")} == {
            f"errors.{error['kind']}": error["count"] for error in errors
        }
        assert all(error["example"].strip() for error in errors)
        opened = counters["websocket.connects"] - counters["websocket.connect_failed"]
        closed = sum(count for name, count in counters.items() if name.startswith("websocket.closed."))
        assert closed == opened, counters


class CommandLine:
    """Runs `wavetank` with a folder of its own for scripts and results."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._runs = 0

    def run(self, script_text: str, url: str | None, *options: str, env: Mapping[str, str] | None = None) -> Outcome:
        """`wavetank run` of a script, against `url` unless it is None. Not quiet, which would hide internal errors."""
        script = self.script(script_text)
        target = () if url is None else ("-t", url)
        return self("run", str(script), *target, *options, env=env, script=script)

    def script(self, text: str) -> Path:
        """A file that holds the script."""
        self._runs += 1
        script = self.folder / f"script{self._runs}.yml"
        script.write_text(text, encoding="utf-8")
        return script

    def __call__(
        self, verb: str, *arguments: str, env: Mapping[str, str] | None = None, script: Path | None = None
    ) -> Outcome:
        """A verb that makes a run folder; what holds after every run is checked."""
        self._runs += 1
        folder = self.folder / f"run{self._runs}"
        output = () if "-o" in arguments else ("-o", str(folder))
        ended = subprocess.run(
            [*COMMAND, verb, *arguments, *output],
            env=environment(env),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        outcome = Outcome(ended.returncode, ended.stdout, ended.stderr, folder, script, read_summary(folder))
        outcome.check()
        return outcome


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command: ours, without what Wavetank would take for its own settings.

    Nor are streams unbuffered, as they are in containers: what is left in a buffer at the end would go unseen.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    return {**kept, **(extra or {})}


def read_summary(folder: Path) -> dict[str, Any]:
    """summary.json of a run folder, empty where there is none."""
    path = folder / "summary.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
