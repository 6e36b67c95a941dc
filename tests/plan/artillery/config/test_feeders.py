"""`config.payload`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plan.artillery.conftest import Problems, Read, script_of

SEND = {"send": "x"}


def test_payloads_are_read_from_beside_the_script(read: Read, folder: Path) -> None:
    (folder / "users.csv").write_text("name;age\nanna;30\n\nbert;007\n", encoding="utf-8")
    (folder / "all.csv").write_text("a,1\n", encoding="utf-8")
    payload = [
        {
            "path": "users.csv",
            "fields": ["name", "age"],
            "order": "sequence",
            "skipHeader": True,
            "delimiter": ";",
            "cast": False,
        },
        {"path": "all.csv", "loadAll": True, "name": "all"},
    ]
    reading = read(script_of(SEND, payload=payload))
    first, second = reading.plan.payloads
    assert ["deals the rows out to its workers" in warning.message for warning in reading.warnings] == [True]
    assert (first.fields, first.rows, first.order) == (("name", "age"), (("anna", "30"), ("bert", "007")), "sequence")
    assert (second.load_all, second.name, second.rows) == (True, "all", (("a", 1),))


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({"path": "missing.csv", "fields": ["a"]}, "There is no file missing.csv"),
        ({"fields": ["a"]}, "the payload has no path"),
        ({"path": "u.csv"}, "u.csv has no fields"),
        ({"path": "u.csv", "fields": "a"}, "'fields' of the payload must be a list"),
        ({"path": "u.csv", "fields": [[]]}, "a field of the payload must be a name"),
        (
            {"path": "u.csv", "fields": ["a"], "order": "sequental"},
            "unknown order 'sequental' of the payload (did you mean 'sequence'?)",
        ),
        ({"path": "u.csv", "fields": ["a"], "loadAll": True}, "loadAll"),
        ({"path": "u.csv", "fields": ["a"], "options": {}}, "'options' of csv-parse are not read here"),
        (
            {"path": "u.csv", "fields": ["a"], "skipheader": True},
            "unknown key 'skipheader' in the payload (did you mean 'skipHeader'?)",
        ),
        ("u.csv", "the payload must be a map"),
    ],
)
def test_a_mistake_in_a_payload_is_one_problem(problems: Problems, folder: Path, payload: Any, problem: str) -> None:
    (folder / "u.csv").write_text("anna\n", encoding="utf-8")
    found = problems(script_of(SEND, payload=payload))
    assert len(found) == 1, found
    assert problem in found[0]
