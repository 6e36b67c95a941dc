from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.report.summaries import a_measured_summary, a_summary
from wavetank.errors import RunError
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.summary import Summary, Trust
from wavetank.metrics.targets import YMERA_TARGETS
from wavetank.metrics.thresholds import Condition
from wavetank.report.json import write_summary

SCHEMA = orjson.loads((Path(__file__).parents[2] / "docs" / "summary.schema.json").read_bytes())
KEYWORDS = {
    "$schema",
    "title",
    "description",
    "type",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "minimum",
    "pattern",
}
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def problems(value: Any, schema: dict[str, Any], place: str = "$") -> list[str]:
    """What a JSON Schema validator would say, for the keywords that our schema uses."""
    assert schema.keys() <= KEYWORDS, f"{place}: this check does not know {schema.keys() - KEYWORDS}"
    kinds = schema.get("type", list(TYPES))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not any(isinstance(value, TYPES[kind]) and (isinstance(value, bool) <= (kind == "boolean")) for kind in kinds):
        return [f"{place} is no {kinds}: {value!r}"]
    found = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{place} is not {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{place} is none of {schema['enum']}")
    if "minimum" in schema and value is not None and value < schema["minimum"]:
        found.append(f"{place} is below {schema['minimum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{place} does not match {schema['pattern']}")
    if isinstance(value, dict):
        found += [f"{place} lacks {name}" for name in schema.get("required", ()) if name not in value]
        for name, entry in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            if inner is False:
                found.append(f"{place} has an unknown {name}")
            else:
                found += problems(entry, inner, f"{place}.{name}")
    if isinstance(value, list):
        for index, entry in enumerate(value):
            found += problems(entry, schema.get("items", {}), f"{place}[{index}]")
    return found


@pytest.mark.parametrize(
    "summary",
    [
        a_summary(Snapshot(), headline=None),
        a_summary(
            thresholds=YMERA_TARGETS,
            conditions=[Condition("websocket.connects > 5000"), Condition("vusers.created > 1")],
            trust=Trust(ok=False, reasons=("late",)),
            complete=False,
        ),
        a_measured_summary(),
    ],
    ids=["empty", "full", "measured"],
)
def test_summary_json_is_what_the_schema_says(tmp_path: Path, summary: Summary) -> None:
    path = tmp_path / "summary.json"
    write_summary(path, summary)
    data = orjson.loads(path.read_bytes())
    assert problems(data, SCHEMA) == []
    part = {"measured", "whole"} if summary.measured is not None else set()
    assert data.keys() == SCHEMA["properties"].keys() - {"measured", "whole"} | part
    assert set(SCHEMA["required"]) == data.keys() - part


def test_the_figures_of_the_measured_part_of_its_phases_and_of_the_whole_run_are_all_there() -> None:
    data = a_measured_summary().to_dict()
    assert (data["duration_s"], data["counters"]["vusers.created"]) == (10, 1000)
    assert data["measured"] == {"from_s": 10.0, "to_s": 20.0, "phases": ["Steady"]}
    assert (data["whole"]["duration_s"], data["whole"]["counters"]["vusers.created"]) == (25, 3000)
    assert [(phase["name"], phase["from_s"], phase["to_s"]) for phase in data["phases"]] == [
        ("Warm-up", 0, 10),
        ("Steady", 10, 20),
        ("after the last phase", 20, 25),
    ]
    assert {phase["counters"]["vusers.created"] for phase in data["phases"]} == {1000}
    assert [phase["rates"]["vusers.arrival_rate"] for phase in data["phases"]] == [100, 100, 200]
    assert data["phases"][0]["errors"] == {"connect_timeout": 2, "http_403": 1}
    assert data["phases"][0]["gauges"] == {"vusers.active": 50, "websocket.open": 49}


def test_the_check_itself_sees_what_is_wrong() -> None:
    data = a_summary(thresholds=YMERA_TARGETS).to_dict()
    data["schema"] = 2
    data["verdict"] = "fine"
    data["counters"]["vusers.created"] = True
    data["histograms"]["websocket.connect_time"]["p42"] = 1
    del data["thresholds"][0]["value"]
    assert len(problems(data, SCHEMA)) == 5


def test_summary_json_is_for_eyes_too_and_replaces_an_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text("old", encoding="utf-8")
    write_summary(path, a_summary())
    text = path.read_text(encoding="utf-8")
    assert text.startswith('{\n  "schema": 1,\n  "verdict": "ok",\n')
    assert text.endswith("}\n")
    assert [each.name for each in tmp_path.iterdir()] == ["summary.json"]


def test_a_folder_that_is_gone_is_told_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"summary\.json cannot be written \(.*\): make room"):
        write_summary(tmp_path / "gone" / "summary.json", a_summary())
