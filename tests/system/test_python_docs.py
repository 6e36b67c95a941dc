"""docs/python.md is true: every script and every fragment in it runs, and its mistakes are told in its words.

A `python` block of it is a file of its own (its first line is a comment with the name), a whole script (it has a
scenario), or else the body of a scenario whose connection is called `ws`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.system.command import environment
from tests.system.test_docs import PYTHON, blocks
from wavetank import Count, Result, run_sync
from wavetank.plan.python.script import ONE_USER, load_script, plan_of_script
from wavetank.target.embedded import EmbeddedTarget

USERS = 3
TEXT = PYTHON.read_text(encoding="utf-8")
BODY = """\
from wavetank import User, scenario


@scenario
async def shown(user: User) -> None:
    async with user.connect("/ws") as ws:
{}"""

_FILE = re.compile(r"# (\w+\.py)\n")


def as_script(block: str) -> str:
    """A block of the document as a whole script; what takes minutes in it takes seconds."""
    if "@scenario" not in block:
        block = BODY.format(textwrap.indent(block, " " * 8))
    return block.replace("every=8", "every=0.05").replace("think(5)", "think(0.01)")


BLOCKS = blocks(PYTHON, "python")
FILES = {named[1]: block[named.end() :] for _, block in BLOCKS if (named := _FILE.match(block))}
SCRIPTS = [(where, as_script(block)) for where, block in BLOCKS if not _FILE.match(block)]
TEN_LINES = SCRIPTS[0][1]
RIGHT = [(where, script) for where, script in SCRIPTS if not re.search(r"def (careless|sleeper)\(", script)]


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with EmbeddedTarget() as embedded:
        yield embedded.url


def carried(script: str, folder: Path, target: str) -> Result:
    """What came of a script, with a few users if it does not say how many."""
    path = folder / "scenario.py"
    path.write_text(script, encoding="utf-8")
    (folder / "accounts.csv").write_text("name,password\nann,open sesame\n", encoding="utf-8")
    plan = plan_of_script(load_script(path), path, target=target)
    if plan.phases == ONE_USER:
        plan = replace(plan, phases=(Count(duration_s=0, count=USERS),))
    return run_sync(plan, workers=0)


def carried_by(name: str, folder: Path, target: str) -> Result:
    """What came of the script whose scenario has this name."""
    (script,) = (script for _, script in SCRIPTS if f"def {name}(" in script)
    return carried(script, folder, target)


@pytest.mark.parametrize(("where", "script"), RIGHT, ids=[where for where, _ in RIGHT])
def test_every_script_and_fragment_runs(where: str, script: str, target: str, tmp_path: Path) -> None:
    result = carried(script, tmp_path, target)
    assert result.errors == (), result.explain()
    assert result.counters["vusers.completed"] == result.counters["vusers.created"] > 0
    assert result.counters["websocket.messages_sent"] > 0
    assert result.verdict == "ok", result.explain()


def test_the_first_message_after_a_send_has_a_response_time(target: str, tmp_path: Path) -> None:
    (script,) = (script for where, script in SCRIPTS if "# a push: the `send` has its reply already" in script)
    result = carried(script, tmp_path, target)
    assert result.counters["websocket.replies"] == 2 * USERS
    for name in ("subscribe", "publish"):
        assert result.histograms[f"websocket.response_time.{name}"].count == USERS
    assert result.counters["websocket.pushes"] >= USERS


def test_a_mistake_is_told_in_the_words_of_the_document(target: str, tmp_path: Path) -> None:
    (error,) = carried_by("careless", tmp_path, target).errors
    told = f"  {error.kind} ({error.count}): {error.example}\n" + textwrap.indent(error.traceback, " " * 6)
    assert told.replace(str(tmp_path / "scenario.py"), "scenario.py").strip() in TEXT


def test_what_blocks_is_told_in_the_words_of_the_document(target: str, tmp_path: Path) -> None:
    result = carried_by("sleeper", tmp_path, target)
    (worker,) = result.workers
    ((place, _),) = worker.blocked
    assert f"was blocked by {place} for " in TEXT


def test_it_is_a_library(target: str, tmp_path: Path) -> None:
    (tmp_path / "scenario.py").write_text(TEN_LINES, encoding="utf-8")
    (tmp_path / "nightly.py").write_text(FILES["nightly.py"].replace("ws://localhost:8000", target), encoding="utf-8")
    ended = python(tmp_path, "nightly.py")
    assert ended.returncode in (0, 4), ended.stderr
    assert "\nVerdict: ok" in ended.stdout
    assert (tmp_path / "runs" / "nightly" / "summary.json").exists()


def test_a_new_users_tests_come_out_as_the_transcript_says(tmp_path: Path) -> None:
    for name in ("app.py", "test_load.py"):
        (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    ended = python(tmp_path, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", ".")
    assert ended.returncode == 1, ended.stdout
    for line in (
        r"test_load\.py \.F +\[100%\]",
        r"E +AssertionError: Verdict: critical \(1 of 2 thresholds missed\)",
        r"E +critical websocket\.response_time\.p95 is [\d,.]+ ms, target < 50",
        r"\S*:test_prices_come_quickly .* ok +(ok|NO)",
        r"\S*:test_orders_are_taken_quickly .* critical +(ok|NO)",
        r"=+ 1 failed, 1 passed in .*s =+",
    ):
        for text in (ended.stdout, TEXT):
            assert re.search(rf"^{line}$", text, re.MULTILINE), f"{line}\n{text}"


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
