"""The journal of a run: a line per snapshot, flushed at once. It is what a killed run leaves behind.

{"schema": 1, "started_at": "…Z", "name": "ymera", "headline": "agent_message", "workers": 2,
    "judge": …, "outline": …}
{"worker": 0, "start_ns": 0, "end_ns": 1000000000, "counters": …}           (`Snapshot.to_dict`; of one worker each)
{"lost": {"worker": 1, "of": 2, "last_ns": 5000000000, "reason": "…"}}      (`Loss.to_dict`)
{"end": true, "complete": true, "aborted": null, "interrupted": false}      (only if the run came to an end)

A journal of the first versions has neither what comes after `headline` and `complete`, nor losses.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

import orjson

from wavetank.errors import RunError
from wavetank.execution.folder.masking import mask_text, masked
from wavetank.execution.judge import Judge
from wavetank.metrics.loss import Loss
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.outline import Outline

SCHEMA = 1
"""Version of the journal. It changes when a reader of the old form would be misled."""


_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class JournalHeader:
    """The first line: `started_at` (UTC, ISO 8601), the plan's name, its headline, and how many workers there are.

    `judge` is what the run is judged by, and `outline` what a report says of its plan, the secrets of both masked; None
    where that is not known (an old journal).
    """

    started_at: str
    name: str
    headline: str | None = None
    workers: int = 1
    judge: Judge | None = None
    outline: Outline | None = None


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """What a journal holds.

    `ended`: the run came to an end and said so; without it, it was killed. `complete`: it also went as planned, and
    nothing of the journal is missing. `damaged` are the numbers of the lines (from 1) that could not be read. `aborted`
    says why a threshold ended the run early, `interrupted` whether a person did; `lost` are the workers that were lost.
    """

    header: JournalHeader
    snapshots: tuple[Snapshot, ...]
    ended: bool
    complete: bool
    damaged: tuple[int, ...] = ()
    aborted: str = ""
    interrupted: bool = False
    lost: tuple[Loss, ...] = ()

    @property
    def remark(self) -> str:
        """What a person should know about a journal that is not whole, in a sentence; else nothing."""
        if self.damaged:
            lines = ", ".join(str(number) for number in self.damaged[:5]) + (", ..." if len(self.damaged) > 5 else "")
            what = f"ine{'' if len(self.damaged) == 1 else 's'} {lines} of the journal cannot be read"
            killed = "L" if self.ended else "The journal has no end, because the run was killed, and l"
            return f"{killed}{what}: what was measured then is missing."
        if not self.ended:
            return "The journal has no end: the run was killed, or lasts still; the figures end with its last snapshot."
        return ""


class Journal:
    """Writes a journal. Trouble with the disk never ends the run.

    The first error is told to `on_trouble`, as a sentence for a person; from then on nothing more is written.
    """

    def __init__(self, path: Path, on_trouble: Callable[[str], None]) -> None:
        self._path = path
        self._on_trouble = on_trouble
        self._file: FileIO | None = None

    def start(self, header: JournalHeader) -> None:
        """Creates the file with its first line. An existing one is never written to: that is trouble, too."""
        try:
            # Without a buffer: what failed to be written once must not be tried again when the file is closed.
            self._file = FileIO(self._path, "x")
        except OSError as error:
            self._give_up(error)
            return
        # A file name of undecodable bytes holds what no JSON can carry.
        name, headline = (
            None if text is None else text.encode("utf-8", "replace").decode()
            for text in (header.name, header.headline)
        )
        self._append(
            {
                "schema": SCHEMA,
                "started_at": header.started_at,
                "name": name,
                "headline": headline,
                "workers": header.workers,
                "judge": None if header.judge is None else masked(header.judge.to_dict()),
                "outline": None if header.outline is None else masked(header.outline.to_dict()),
            }
        )

    def write(self, snapshot: Snapshot) -> None:
        """Appends a snapshot."""
        self._append(snapshot.to_dict())

    def lost(self, loss: Loss) -> None:
        """Appends that a worker was lost."""
        self._append({"lost": {**loss.to_dict(), "reason": mask_text(loss.reason)}})

    def finish(self, complete: bool, *, aborted: str = "", interrupted: bool = False) -> None:
        """Appends the last line, and closes the file.

        `complete`: the run went as planned to its end. `aborted` says why a threshold ended it early; `interrupted`:
        a person did.
        """
        self._append(
            {"end": True, "complete": complete, "aborted": mask_text(aborted) or None, "interrupted": interrupted}
        )
        self.close()

    def close(self) -> None:
        """Closes the file as it is. Safe to call twice."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # everything was written before; there is nothing left to lose
                file.close()

    def _append(self, entry: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        line = memoryview(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY))
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.close()
        self._on_trouble(
            f"The journal {self._path} cannot be written ({error.strerror or error}): the run goes on without it, and "
            "a crash would lose its figures."
        )


def read_journal(path: Path) -> JournalRecord:
    """Reads a journal, also that of a killed run, whose last line may be cut off.

    Raises RunError where there is none, where the file is no journal, or where a newer Wavetank wrote it.
    """
    snapshots: list[Snapshot] = []
    lost: list[Loss] = []
    damaged: list[int] = []
    end: dict[str, Any] | None = None
    try:
        with path.open("rb") as file:
            header = _header(path, file.readline())
            for number, line in enumerate(file, start=2):
                try:
                    entry = orjson.loads(line)
                    if not isinstance(entry, dict):
                        raise ValueError("not an object")
                    if "end" in entry:
                        end = entry
                    elif "lost" in entry:
                        lost.append(Loss.from_dict(entry["lost"]))
                    else:
                        snapshots.append(Snapshot.from_dict(entry))
                except ValueError:
                    damaged.append(number)
    except OSError as error:
        raise RunError(f"The journal {path} cannot be read ({error.strerror or error}): name a run folder.") from error
    said = end or {}
    complete, aborted = said.get("complete") is True, str(said.get("aborted") or "")
    return JournalRecord(
        header,
        tuple(snapshots),
        ended=end is not None,
        complete=complete and not damaged and not lost,
        damaged=tuple(damaged),
        aborted=aborted,
        # An old journal does not say who ended the run, but then there was nobody else.
        interrupted=said.get("interrupted", end is not None and not complete) is True,
        lost=tuple(lost),
    )


def _header(path: Path, line: bytes) -> JournalHeader:
    try:
        entry = orjson.loads(line)
        schema, headline = int(entry["schema"]), entry["headline"]
        header = JournalHeader(
            started_at=str(entry["started_at"]),
            name=str(entry["name"]),
            headline=None if headline is None else str(headline),
            workers=int(entry.get("workers", 1)),
            judge=_restored(Judge.from_dict, entry.get("judge")),
            outline=_restored(Outline.from_dict, entry.get("outline")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{path} is no journal of a run: its first line is not the header.") from error
    if schema > SCHEMA:
        raise RunError(f"{path} was written by a newer Wavetank (schema {schema}): update this one to read it.")
    return header


def _restored(from_dict: Callable[[Mapping[str, Any]], _Part], data: object) -> _Part | None:
    """A part of the header. Where it cannot be read (masked, or of a newer Wavetank), the figures still can."""
    if not isinstance(data, dict):
        return None
    try:
        return from_dict(data)
    except ValueError:
        return None
