"""The journal of a run: a line per snapshot, flushed at once. It is what a killed run leaves behind.

{"schema": 1, "started_at": "…Z", "name": "ymera", "headline": "agent_message"}
{"worker": null, "start_ns": 0, "end_ns": 1000000000, "counters": …}        (`Snapshot.to_dict`)
{"end": true, "complete": true}                                             (only if the run came to an end)
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import orjson

from wavetank.errors import RunError
from wavetank.metrics.snapshot import Snapshot

SCHEMA = 1
"""Version of the journal. It changes when a reader of the old form would be misled."""


@dataclass(frozen=True, slots=True)
class JournalHeader:
    """The first line: `started_at` (UTC, ISO 8601), the plan's name, and its headline."""

    started_at: str
    name: str
    headline: str | None = None


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """What a journal holds.

    `ended`: the run came to an end and said so; without it, it was killed. `complete`: it also went as planned, and
    nothing of the journal is missing. `damaged` are the numbers of the lines (from 1) that could not be read.
    """

    header: JournalHeader
    snapshots: tuple[Snapshot, ...]
    ended: bool
    complete: bool
    damaged: tuple[int, ...] = ()

    @property
    def remark(self) -> str:
        """What a person should know about a journal that is not whole, in a sentence; else nothing."""
        if self.damaged:
            lines = ", ".join(str(number) for number in self.damaged[:5]) + (", ..." if len(self.damaged) > 5 else "")
            what = f"ine{'' if len(self.damaged) == 1 else 's'} {lines} of the journal cannot be read"
            killed = "L" if self.ended else "The journal has no end, because the run was killed, and l"
            return f"{killed}{what}: what was measured then is missing."
        if not self.ended:
            return "The journal has no end: the run was killed, and what it measured in its last second is missing."
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
        self._append({"schema": SCHEMA, "started_at": header.started_at, "name": name, "headline": headline})

    def write(self, snapshot: Snapshot) -> None:
        """Appends a snapshot."""
        self._append(snapshot.to_dict())

    def finish(self, complete: bool) -> None:
        """Appends the last line, and closes the file. `complete`: the run went as planned to its end."""
        self._append({"end": True, "complete": complete})
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
    damaged: list[int] = []
    ended = complete = False
    try:
        with path.open("rb") as file:
            header = _header(path, file.readline())
            for number, line in enumerate(file, start=2):
                try:
                    entry = orjson.loads(line)
                    if isinstance(entry, dict) and "end" in entry:
                        ended, complete = True, entry.get("complete") is True
                    else:
                        snapshots.append(Snapshot.from_dict(entry))
                except ValueError:
                    damaged.append(number)
    except OSError as error:
        raise RunError(f"The journal {path} cannot be read ({error.strerror or error}): name a run folder.") from error
    return JournalRecord(header, tuple(snapshots), ended, complete and not damaged, tuple(damaged))


def _header(path: Path, line: bytes) -> JournalHeader:
    try:
        entry = orjson.loads(line)
        schema, headline = int(entry["schema"]), entry["headline"]
        header = JournalHeader(
            started_at=str(entry["started_at"]),
            name=str(entry["name"]),
            headline=None if headline is None else str(headline),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is no journal of a run: its first line is not the header.") from error
    if schema > SCHEMA:
        raise RunError(f"{path} was written by a newer Wavetank (schema {schema}): update this one to read it.")
    return header
