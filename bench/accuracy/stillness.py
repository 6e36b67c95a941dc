"""What the machine below does to the cores of an experiment, and what keeps them from falling asleep.

A virtual machine's cores are taken away from it now and then, for some milliseconds, and nothing inside can see to
that. A witness on each core (`bench/native/witness.c`) wakes every half a millisecond at a higher priority than
generator and server have: it is late where nobody could have been on time.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

NATIVE = Path(__file__).parents[1] / "native"
WITNESS = NATIVE / "build" / "witness"

QUIET = 0.0003
"""A machine that stood still for no more than this share of the time was quiet.

A p99.9 is about one reply in a thousand: this is less than a third of that.
"""

_LATENCY = Path("/dev/cpu_dma_latency")


@dataclass(slots=True)
class Stillness:
    """How much of the time the core that was worst off stood still, and for how long at most (ms).

    Both are None until the watch is over, and where there was nobody to watch.
    """

    share: float | None = None
    longest_ms: float | None = None
    _told: list[dict[str, int]] = field(default_factory=list)

    @property
    def quiet(self) -> bool:
        """Whether the machine let us be, as far as anybody knows."""
        return self.share is None or self.share <= QUIET

    def tell(self, said: str) -> None:
        """What a witness said at its end."""
        with suppress(ValueError):  # one that had to be killed says nothing
            told = json.loads(said)
            self._told.append(told)
            self.share = max(each["still_ns"] / each["watched_ns"] for each in self._told)
            self.longest_ms = max(each["longest_ns"] for each in self._told) / 1e6


def build_witness() -> bool:
    """Whether there is a witness: it takes Linux, a compiler and make."""
    if sys.platform != "linux" or not (shutil.which("cc") and shutil.which("make")):
        return False
    made = subprocess.run(["make", "--quiet", "build/witness"], cwd=NATIVE, capture_output=True, check=False)
    return made.returncode == 0


@contextmanager
def watched() -> Iterator[Stillness]:
    """Watches all cores that this process may use; what was found is there at the end of the block.

    Without a witness (`build_witness`), or where real-time priority is not permitted, nobody watches.
    """
    stillness = Stillness()
    witnesses: list[subprocess.Popen[str]] = []
    try:
        if WITNESS.exists() and hasattr(os, "sched_getaffinity"):
            for core in sorted(os.sched_getaffinity(0)):
                command = [str(WITNESS), str(core)]
                witness = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                witnesses.append(witness)
                assert witness.stdout is not None
                witness.stdout.readline()  # it is ready, or has ended
        yield stillness
    finally:
        for witness in witnesses:
            witness.terminate()
            with witness:
                stillness.tell(witness.communicate()[0])


@contextmanager
def awake() -> Iterator[bool]:
    """Keeps all cores of the machine from sleeping. Gives whether it can be done: Linux only, and it takes root.

    To wake a core that sleeps takes a virtual machine up to a tenth of a millisecond, which would be most of what is
    measured here. While this file is open, the kernel keeps to the latency written into it (its documentation:
    power/pm_qos_interface).
    """
    try:
        quality = _LATENCY.open("wb", buffering=0)
    except OSError:
        yield False
        return
    with quality:
        quality.write(struct.pack("=i", 0))
        yield True
