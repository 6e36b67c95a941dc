"""`wavetank check`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wavetank.cli.check import check

GOOD = """\
config:
  target: ws://localhost:8000
  phases:
    - {duration: 10, arrivalRate: 5}
scenarios:
  - name: talk
    engine: ws
    flow:
      - connect: /ws
      - think: 4
      - send: {payload: {type: a}}
      - send: {payload: {type: b}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(check, arguments, catch_exceptions=False)


def test_a_good_script_is_told_in_a_paragraph_on_stdout(folder: Path) -> None:
    write("good.yml", GOOD)
    result = run("good.yml")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "good.yml: 1 scenario (talk), 1 phase: 50 users in 10s, against ws://localhost:8000." in result.stdout
    assert "At the peak 5 users/s arrive, and about 20 are there at once" in result.stdout


def test_warnings_are_grouped_with_all_their_lines(folder: Path) -> None:
    write("good.yml", GOOD)
    lines = run("good.yml").stdout.splitlines()
    assert sum("Artillery sends the whole map" in line for line in lines) == 1
    assert any(
        line.startswith("  good.yml:11: Artillery sends") and line.endswith("[also in line 12]") for line in lines
    )
    assert any(line.startswith("  good.yml:9: Artillery does not join '/ws'") for line in lines)


def test_every_problem_of_every_script_goes_to_stderr_and_the_exit_code_is_2(folder: Path) -> None:
    write("bad.yml", GOOD.replace("think: 4", "thnik: 4").replace("arrivalRate", "arivalRate"))
    write("good.yml", GOOD)
    result = run("bad.yml", "missing.yml", "good.yml")
    assert result.exit_code == 2
    assert [line.split(": ", 1)[0] for line in result.stderr.splitlines()] == [
        *("bad.yml:4", "bad.yml:4", "bad.yml:10"),
        "missing.yml",
    ]
    assert "good.yml: 1 scenario" in result.stdout


def test_the_options_choose_what_is_checked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "example.com")
    environments = "  environments: {staging: {target: 'wss://{{ $env.HOST }}:{{ port }}'}}\n"
    write("s.yml", GOOD.replace("scenarios:", environments + "scenarios:"))
    overrides = '{"config": {"phases": [{"duration": 2, "arrivalCount": 7}]}}'
    result = run("-e", "staging", "-v", '{"port": 81}', "--overrides", overrides, "-s", "talk", "s.yml")
    assert result.exit_code == 0, result.stderr
    assert "7 users in 2s, against wss://example.com:81" in result.stdout
    assert "against ws://other" in run("-t", "ws://other", "s.yml").stdout
    assert run("-v", "[1]", "s.yml").exit_code == 2


def test_a_population_is_told_as_one(folder: Path) -> None:
    write("s.yml", GOOD.replace("arrivalRate: 5", "users: 30"))
    assert "as many users as a population takes in 10s" in run("s.yml").stdout


FUNCTION = GOOD.replace("flow:", "flow:\n      - function: signIn").replace("phases:", "processor: p.js\n  phases:")


def test_a_stub_is_written_where_the_processor_should_be_and_never_over_a_file(folder: Path) -> None:
    write("s.yml", FUNCTION)
    assert run("s.yml").exit_code == 2
    result = run("--stub", "s.yml")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "wrote p.py\n")
    assert "def signIn(context, events):" in Path("p.py").read_text(encoding="utf-8")
    assert run("s.yml").exit_code == 0
    write("p.py", "# mine\n")
    result = run("--stub", "s.yml")
    assert "def signIn(context, events):" in result.stdout
    assert Path("p.py").read_text(encoding="utf-8") == "# mine\n"


def test_a_stub_without_a_place_goes_to_stdout(folder: Path) -> None:
    write("s.yml", FUNCTION.replace("processor: p.js", "timeout: 5"))
    assert run("--stub", "s.yml").stdout.startswith('"""The functions of s.yml."""')


def test_a_script_without_functions_has_no_stub(folder: Path) -> None:
    write("s.yml", GOOD)
    result = run("--stub", "s.yml")
    assert result.exit_code == 2
    assert "s.yml: the script names no function" in result.stderr


def test_the_help_has_an_example() -> None:
    assert "wavetank check script.yml" in run("--help").stdout
