"""A type checker knows the public names: it finds what is misspelt in a script, and nothing in what is right."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.examples.servers import EXAMPLES
from tests.system.test_python_docs import FILES, SCRIPTS, TEN_LINES

_WRONG = """\
from wavetank import User, scenario


@scenario(wieght=3)
async def agent(user: User) -> None:
    async with user.connect("/ws") as ws:
        await ws.request({"type": "ping"}, mtach={"type": "pong"})
        async for _ in user.paced(20, evry=8):
            await user.thnik(5)
"""

# msgpack has no types.
_MYPY = (sys.executable, "-m", "mypy", "--strict", "--cache-dir", ".cache", "--disable-error-code", "import-untyped")


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What mypy says of all scripts at once, since it reads Wavetank and numpy each time."""
    folder = tmp_path_factory.mktemp("typing")
    scripts = {
        "wrong.py": _WRONG,
        "scenario.py": TEN_LINES,
        "nightly.py": FILES["nightly.py"],
        "app.py": FILES["app.py"],
        **{f"shown{number}.py": script for number, (_, script) in enumerate(SCRIPTS)},
        # Each in a name of its own: two modules cannot both be called scenario.
        **{
            f"{path.parent.name}_{path.stem}.py": path.read_text("utf-8").replace("from client ", "from reuse_client ")
            for path in EXAMPLES.glob("*/*.py")
            if path.parent.name != "ymera" or path.stem == "user"
        },
    }
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
    ended = subprocess.run(
        [*_MYPY, *sorted(scripts)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ended.stderr == ""
    return ended.stdout


@pytest.mark.timeout(200)
def test_misspelt_arguments_are_found(complaints: str) -> None:
    found = re.findall(r"^wrong\.py:(\d+): error: (.*)$", complaints, re.MULTILINE)
    assert {line for line, _ in found} == {"4", "7", "8", "9"}, complaints
    for line, text in (
        ("4", '"scenario"; did you mean "weight"?'),
        ("7", 'did you mean "match"?'),
        ("8", 'did you mean "every"?'),
        ("9", 'maybe "think"?'),
    ):
        assert any(text in said for where, said in found if where == line), complaints


@pytest.mark.timeout(200)
def test_the_scripts_of_the_documents_and_the_examples_are_right(complaints: str) -> None:
    wrong = [line for line in complaints.splitlines() if ": error: " in line and not line.startswith("wrong.py:")]
    assert wrong == []
