"""Open files: what is, what is needed, and the command."""

from __future__ import annotations

import pytest

from tests.doctor.machines import BARE, system, users
from wavetank.doctor.files import open_files, open_files_of_all
from wavetank.doctor.question import Place
from wavetank.execution.machine.system import UNLIMITED, OpenFiles


def limits(hard: int | None, **others: int) -> OpenFiles:
    return OpenFiles(soft=256, hard=hard, **others)


@pytest.mark.parametrize(
    ("hard", "level"),
    [(UNLIMITED, "ok"), (25_064, "ok"), (25_063, "warning"), (3_189, "warning"), (3_188, "critical"), (64, "critical")],
)
def test_a_worker_on_each_core_is_well_more_of_them_will_do_and_beyond_it_ends(hard: int, level: str) -> None:
    finding = open_files(users(100_000), system(files=limits(hard)))
    assert finding.level == level
    assert bool(finding.commands) == (level != "ok")
    assert finding.needed == "25,064 with a worker on each of 4 cores"


@pytest.mark.parametrize(
    ("changes", "commands"),
    [
        ({}, ("sudo prlimit --nofile=25064:25064 --pid $$",)),
        ({"is_container": True}, ("docker run --ulimit nofile=25064:25064 …",)),
        ({"platform": "darwin"}, ("sudo launchctl limit maxfiles 25064 25064", "ulimit -n 25064")),
        (
            {"files": limits(1024, most=20_000)},
            ("sudo sysctl -w fs.nr_open=25064", "sudo prlimit --nofile=25064:25064 --pid $$"),
        ),
    ],
)
def test_the_command_is_that_of_the_system(changes: dict[str, object], commands: tuple[str, ...]) -> None:
    assert open_files(users(100_000), system(**{"files": limits(1024), **changes})).commands == commands


def test_the_files_of_all_processes_are_twice_the_users_where_the_server_is_here() -> None:
    machine = system(files=limits(UNLIMITED, system=30_000, used=5_000))
    assert open_files_of_all(users(15_000), machine).level == "ok"
    finding = open_files_of_all(users(15_000, Place.LOOPBACK), machine)
    assert finding.level == "critical"
    assert finding.needed == "30,256 more"
    assert finding.commands == ("sudo sysctl -w fs.file-max=65512",)
    assert open_files_of_all(users(23_000), machine).level == "warning"


def test_what_is_not_told_is_unknown_and_windows_has_no_limit() -> None:
    assert open_files(users(9), BARE).level == "unknown"
    assert open_files_of_all(users(9), BARE).level == "unknown"
    assert open_files(users(9), system(platform="win32", files=OpenFiles())).level == "ok"
