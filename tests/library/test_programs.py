"""A program that defines a scenario and runs it: its workers load the same file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """\
from wavetank import Count, Plan, User, run_sync, scenario

@scenario
async def agent(user: User) -> None:
    user.count("came")

def main():
    plan = Plan(target="ws://127.0.0.1:9/", phases=(Count(duration_s=0, count=5),), scenarios=(agent,))
    print("came", run_sync(plan, workers=2).counters["came"])

"""


def run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "program.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "program.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_a_scenario_of_the_program_itself_runs_in_processes(tmp_path: Path) -> None:
    ended = run(tmp_path, PROGRAM + 'if __name__ == "__main__":\n    main()\n')
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "came 5\n"


def test_a_program_that_would_start_itself_in_each_worker_is_told_so(tmp_path: Path) -> None:
    ended = run(tmp_path, PROGRAM + "main()\n")
    assert ended.returncode == 1
    assert 'put what starts it under if __name__ == "__main__":' in ended.stderr
