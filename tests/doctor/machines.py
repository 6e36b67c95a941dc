"""Machines to be examined."""

from __future__ import annotations

import dataclasses

from wavetank.doctor.kernel import Kernel
from wavetank.doctor.question import Place, Question
from wavetank.execution.machine.cgroup import ControlGroup
from wavetank.execution.machine.system import UNLIMITED, Memory, OpenFiles, System

GOOD = System(
    platform="linux",
    cores=4,
    files=OpenFiles(soft=1024, hard=1_000_000, most=1_048_576, system=UNLIMITED, used=1000),
    memory=Memory(total=10**11, available=10**11),
    group=ControlGroup(is_known=True),
    ports=(1024, 65_535),
)
GOOD_KERNEL = Kernel(
    tcp_tw_reuse=1,
    somaxconn=4096,
    syn_backlog=4096,
    tcp_memory=(10**6, 10**7, 10**8),
    tcp_memory_used=100,
    tracks=False,
    governors=("performance",),
    clock="tsc",
    clocks=("tsc", "hpet"),
)
BARE = System(platform="linux", cores=1)


def system(**changes: object) -> System:
    """A good machine, but for the changes."""
    return dataclasses.replace(GOOD, **changes)  # type: ignore[arg-type]  # the test names the fields


def kernel(**changes: object) -> Kernel:
    """A good kernel, but for the changes."""
    return dataclasses.replace(GOOD_KERNEL, **changes)  # type: ignore[arg-type]  # the test names the fields


def users(count: int, place: Place = Place.ANYWHERE) -> Question:
    """So many users, of a server in some place."""
    return Question(users=count, place=place, spreads=place is Place.LOOPBACK)
