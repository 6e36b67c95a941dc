"""What every tool is asked to do: the same connections, messages, pauses and seconds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

_FILE = "work.json"
_OPENING = 0.8


@dataclass(frozen=True, slots=True)
class Work:
    """Connections that each ask, wait for the reply, decode and check it, and ask again.

    They open evenly spread over the greater part of `connect_s` (`opening_s`) and ask as soon as they are open; what
    counts is what happens in the `seconds` after `connect_s`. `think_s` is the pause between a reply and the next
    message: 0 is a closed loop (the dense regime), 4 that of real sessions (the sparse one). `payload` is the JSON
    text sent, and `reply_type` the `type` that its reply must have. `workers` is the number of cores to use, for tools
    that have to be told.
    """

    connections: int
    seconds: float
    think_s: float = 0.0
    payload: str = '{"type":"ping"}'
    reply_type: str = "pong"
    connect_s: float = 1.0
    workers: int = 1

    @property
    def opening_s(self) -> float:
        """In how many seconds the connections are opened: the rest of `connect_s` is for the last of them."""
        return _OPENING * self.connect_s

    @property
    def length_s(self) -> float:
        """From the first connect to the end of what counts."""
        return self.connect_s + self.seconds

    def write(self, folder: Path) -> Path:
        """Leaves it in the folder of a run, where scripts and `read` find it; gives the file."""
        path = folder / _FILE
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    @classmethod
    def read(cls, folder: Path) -> Work:
        """What `write` left behind. Raises OSError where nothing is."""
        return cls(**json.loads((folder / _FILE).read_text(encoding="utf-8")))
