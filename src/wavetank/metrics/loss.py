"""A worker that was lost on the way, and with it a share of the load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Loss:
    """Worker `worker` of `of` is gone: after `last_ns`, nanoseconds from the run's start, nothing of its share was run.

    What it measured until then is kept. `reason` is the end of a sentence about the worker.
    """

    worker: int
    of: int
    last_ns: int
    reason: str

    @property
    def sentence(self) -> str:
        """What a person should know of it, without a full stop."""
        minutes, seconds = divmod(self.last_ns // 1_000_000_000, 60)
        share = "all" if self.of == 1 else "half" if self.of == 2 else f"1/{self.of}"
        return (
            f"worker {self.worker} of {self.of} was lost after {minutes:02}:{seconds:02}, because {self.reason}: "
            f"{share} of the users {'are' if self.of == 1 else 'is'} missing from then on"
        )

    def to_dict(self) -> dict[str, Any]:
        """A form for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Loss:
        """Restores what `to_dict` wrote. Raises ValueError where `data` is not that."""
        try:
            return cls(int(data["worker"]), int(data["of"]), int(data["last_ns"]), str(data["reason"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no loss of a worker: {error!r}") from error
