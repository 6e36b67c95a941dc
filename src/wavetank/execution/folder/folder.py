"""The run folder: where a run leaves everything that it was and everything that it measured."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import orjson

from wavetank.errors import RunError
from wavetank.execution.folder.masking import masked
from wavetank.execution.machine.identity import package_versions, this_machine
from wavetank.plan.model import Plan

SCHEMA = 1
"""Version of plan.json."""

RUNS = Path("runs")
"""Where run folders are made if nobody names one: below the current folder."""

_NAME_LENGTH = 50  # of characters with up to four bytes each: file systems take names of 255 bytes


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder that belongs to one run (DESIGN.md, 7)."""

    path: Path

    @classmethod
    def create(cls, base: Path | None, script_name: str, when: datetime) -> RunFolder:
        """Makes the folder of a run begun at `when` (an aware instant).

        Without `base` it is `runs/<UTC time>-<script name>`, with a number behind it if there is one already; else it
        is `base` itself. Raises RunError where the folder cannot be made or written to, or where `base` already
        holds a run.
        """
        if base is not None:
            return cls(_taken(base))
        name = f"{when.astimezone(UTC):%Y%m%dT%H%M%SZ}-{safe_file_name(script_name)}"
        for number in count(1):
            path = RUNS / (name if number == 1 else f"{name}-{number}")
            try:
                RUNS.mkdir(parents=True, exist_ok=True)
                path.mkdir()
            except FileExistsError:
                if RUNS.is_dir():
                    continue
                raise RunError(f"{RUNS} is a file, so no run folder can be made in it: name one with -o.") from None
            except OSError as error:
                raise _unusable(path, error) from error
            return cls(path)
        raise AssertionError("count never ends")

    @property
    def plan_path(self) -> Path:
        """plan.json: what was run, and with what."""
        return self.path / "plan.json"

    @property
    def timeline_path(self) -> Path:
        """timeline.jsonl: the journal."""
        return self.path / "timeline.jsonl"

    @property
    def summary_path(self) -> Path:
        """summary.json: the figures of the whole run."""
        return self.path / "summary.json"

    def write_plan(
        self,
        plan: Plan,
        *,
        started_at: str,
        workers: int,
        versions: Mapping[str, str | None] | None = None,
        machine: Mapping[str, object] | None = None,
    ) -> None:
        """Writes plan.json, with secrets masked.

        `started_at` is UTC in ISO 8601. Without `versions` and `machine`, those of this process. Raises RunError.
        """
        data = {
            "schema": SCHEMA,
            "started_at": started_at,
            "seed": plan.seed,
            "workers": workers,
            "versions": dict(package_versions() if versions is None else versions),
            "machine": dict(this_machine() if machine is None else machine),
            "plan": masked(plan),
        }
        write_whole(self.plan_path, orjson.dumps(data, default=masked, option=orjson.OPT_INDENT_2) + b"\n")


def safe_file_name(text: str) -> str:
    """The text as a part of a file name that Linux, macOS and Windows all take; `run` if nothing is left of it."""
    name = re.sub(r"[^\w.-]+", "-", text)[:_NAME_LENGTH].strip("-._")
    return name or "run"


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that nobody ever sees half of it, and an old one stays whole if this fails.

    Raises RunError with the reason.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise RunError(
            f"{path} cannot be written ({error.strerror or error}): make room or give permission, or choose another "
            "folder with -o."
        ) from error


def _taken(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
        for name in ("plan.json", "timeline.jsonl", "summary.json"):
            if (path / name).exists():
                raise RunError(
                    f"{path} already holds a run ({name}): choose another folder with -o, or move this one away."
                )
        probe = path / f".wavetank-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except (FileExistsError, NotADirectoryError) as error:
        raise RunError(
            f"{path} cannot be a run folder, because a file is in the way: choose another with -o."
        ) from error
    except OSError as error:
        raise _unusable(path, error) from error
    return path


def _unusable(path: Path, error: OSError) -> RunError:
    return RunError(
        f"The run folder {path} cannot be made or written to ({error.strerror or error}): give permission or make "
        "room, or choose another with -o."
    )
