from __future__ import annotations

import sys

import orjson

from wavetank.execution.machine.identity import package_versions, this_machine


def test_the_machine_tells_platform_python_and_processors() -> None:
    machine = orjson.loads(orjson.dumps(this_machine()))
    assert machine["python"].split()[1].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert machine["platform"]
    assert 1 <= machine["cpus_usable"] <= machine["cpus"]


def test_the_versions_of_what_does_the_work_are_known() -> None:
    versions = package_versions()
    assert versions.keys() >= {"wavetank", "picows", "orjson"}
    assert all(versions.values())
