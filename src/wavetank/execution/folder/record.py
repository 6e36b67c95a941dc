"""What is left of a run: read from its folder, and judged again, also where the run was killed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wavetank.errors import RunError
from wavetank.execution.folder.folder import RunFolder
from wavetank.execution.folder.journal import JournalRecord, read_journal
from wavetank.execution.judge import Judge
from wavetank.metrics.summary import Summary

_BEHIND_NS = 3_000_000_000  # a worker whose snapshots end so much before those of the others was silent


@dataclass(frozen=True, slots=True)
class Record:
    """The journal of a run, and the run folder that it lies in (None: it was taken out of its folder)."""

    journal: JournalRecord
    folder: RunFolder | None

    @classmethod
    def read(cls, path: Path) -> Record:
        """Reads a run folder, or its timeline.jsonl.

        Raises RunError where there is no such folder, no journal in it, or none that this version can read.
        """
        if path.is_dir():
            folder = RunFolder(path)
            if not folder.timeline_path.exists():
                raise RunError(f"{path} holds no timeline.jsonl, the journal of a run: name a run folder.")
            return cls(read_journal(folder.timeline_path), folder)
        if not path.exists():
            raise RunError(f"There is no {path}: name a run folder.")
        folder = RunFolder(path.parent)
        return cls(read_journal(path), folder if path.name == folder.timeline_path.name else None)

    @property
    def judge(self) -> Judge:
        """What the run is judged by; where the journal does not say, no more than that its users came through."""
        header = self.journal.header
        return header.judge or Judge(name=header.name, headline=header.headline)

    def summary(self) -> Summary:
        """The summary of what the journal holds: the same as at the end of the run, if it came to one."""
        journal = self.journal
        return self.judge.summary(
            journal.snapshots,
            started_at=journal.header.started_at,
            complete=journal.complete,
            aborted=journal.aborted,
            lost=journal.lost,
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know of what is missing in the record, a sentence each."""
        journal, remarks = self.journal, list[str]()
        if journal.remark:
            remarks.append(journal.remark)
        if journal.header.judge is None:
            remarks.append(
                "The journal does not say what the run is judged by, because an older or newer Wavetank wrote it: the "
                "thresholds of its script and its phases are not known."
            )
        return (*remarks, *self._silent())

    def _silent(self) -> list[str]:
        """A killed run may have lost a worker without anyone to write it down."""
        last_ns: dict[int, int] = {}
        for snapshot in self.journal.snapshots:
            for worker in snapshot.workers:
                last_ns[worker] = max(snapshot.end_ns, last_ns.get(worker, 0))
        end_ns = max(last_ns.values(), default=0)
        lost = {loss.worker for loss in self.journal.lost}
        workers = self.journal.header.workers
        found = []
        for worker in sorted(set(range(workers)) - lost):
            if worker not in last_ns:
                found.append(f"Worker {worker} of {workers} left no snapshot: its share of the users is missing.")
            elif not self.journal.ended and end_ns - last_ns[worker] >= _BEHIND_NS:
                silent_s = (end_ns - last_ns[worker]) / 1e9
                found.append(
                    f"The last snapshot of worker {worker} of {workers} ends {silent_s:.0f} s before the others': its "
                    "share of the users is missing from then on."
                )
        return found
