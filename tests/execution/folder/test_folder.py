from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.errors import RunError
from wavetank.execution.folder.folder import RunFolder, safe_file_name, write_whole
from wavetank.plan.model import Plan, Scenario
from wavetank.plan.phases import Rate

WHEN = datetime(2026, 11, 24, 0, 43, tzinfo=UTC)
PLAN = Plan(
    name="ymera",
    target="ws://me:hunter2@localhost:8000/ws",
    phases=(Rate(name="up", duration_s=1, rate=2),),
    scenarios=(Scenario(name="session", steps=()),),
    variables={"apiKey": "hunter2"},
    seed=42,
)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run_folder_is_named_for_its_instant_in_utc_and_its_script() -> None:
    folder = RunFolder.create(None, "ymera", WHEN.astimezone(timezone(timedelta(hours=5))))
    assert folder.path == Path("runs/20261124T004300Z-ymera")
    assert folder.path.is_dir()
    assert [path.name for path in (folder.plan_path, folder.timeline_path, folder.summary_path)] == [
        "plan.json",
        "timeline.jsonl",
        "summary.json",
    ]


def test_runs_of_the_same_second_get_folders_of_their_own() -> None:
    names = [RunFolder.create(None, "ymera", WHEN).path.name for _ in range(3)]
    assert names == ["20261124T004300Z-ymera", "20261124T004300Z-ymera-2", "20261124T004300Z-ymera-3"]


def test_a_file_called_runs_is_told_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(RunError, match="runs is a file, so no run folder can be made in it: name one with -o"):
        RunFolder.create(None, "ymera", WHEN)


def test_a_folder_named_by_hand_is_used_itself_and_made_with_its_parents(tmp_path: Path) -> None:
    base = tmp_path / "a" / "b"
    assert RunFolder.create(base, "ymera", WHEN).path == base
    assert list(base.iterdir()) == []
    (base / "notes.txt").touch()
    assert RunFolder.create(base, "ymera", WHEN).path == base


@pytest.mark.parametrize("name", ["plan.json", "timeline.jsonl", "summary.json"])
def test_a_folder_that_holds_a_run_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(RunError, match=rf"already holds a run \({name}\): choose another folder with -o, or move"):
        RunFolder.create(tmp_path, "ymera", WHEN)


@pytest.mark.parametrize("inner", [".", "below"])
def test_a_file_in_the_way_is_told(tmp_path: Path, inner: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="because a file is in the way"):
        RunFolder.create(tmp_path / "file" / inner, "ymera", WHEN)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="nothing keeps this user from writing")
def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(RunError, match="cannot be made or written to"):
        RunFolder.create(locked, "ymera", WHEN)


def test_trouble_with_making_the_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    for base in (None, tmp_path / "new"):
        with pytest.raises(RunError, match=r"cannot be made or written to \(Permission denied\): give permission"):
            RunFolder.create(base, "ymera", WHEN)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("ymera", "ymera"),
        ("load test: a/b\\c?.yml", "load-test-a-b-c-.yml"),
        ("../../etc", "etc"),
        ("trailing. ", "trailing"),
        ("测试", "测试"),
        ("\udcff", "run"),
        ("", "run"),
    ],
)
def test_script_names_become_safe_on_every_system(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


@given(st.text())
def test_a_safe_name_is_short_and_holds_nothing_that_a_file_system_refuses(name: str) -> None:
    safe = safe_file_name(name)
    assert safe
    assert len(f"20261124T004300Z-{safe}-99".encode()) <= 255
    assert not set(safe) & set('<>:"/\\|?* \0\n\t')
    assert safe[-1] not in ". "


def test_plan_json_tells_what_was_run_and_with_what_and_keeps_secrets() -> None:
    folder = RunFolder.create(None, "ymera", WHEN)
    folder.write_plan(PLAN, started_at="2026-11-24T00:43:00Z", workers=2)
    text = folder.plan_path.read_text(encoding="utf-8")
    assert "hunter2" not in text
    data = orjson.loads(text)
    assert (data["schema"], data["seed"], data["workers"]) == (1, 42, 2)
    assert data["started_at"] == "2026-11-24T00:43:00Z"
    assert data["versions"].keys() >= {"wavetank", "picows", "orjson"}
    assert data["machine"].keys() >= {"platform", "python", "cpus"}
    assert data["plan"]["target"] == "ws://***@localhost:8000/ws"
    assert data["plan"]["variables"] == {"apiKey": "***"}
    with pytest.raises(RunError, match="already holds a run"):
        RunFolder.create(folder.path, "ymera", WHEN)


def test_versions_and_machine_may_be_those_of_another_process() -> None:
    folder = RunFolder.create(None, "ymera", WHEN)
    folder.write_plan(PLAN, started_at="now", workers=1, versions={"picows": None}, machine={"platform": Path("x")})
    data = orjson.loads(folder.plan_path.read_bytes())
    assert data["versions"] == {"picows": None}
    assert data["machine"] == {"platform": "x"}


def test_a_file_that_cannot_be_replaced_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(b"old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(RunError, match=r"file\.json cannot be written \(No space left on device\)"):
        write_whole(path, b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file.json", b"old")]
