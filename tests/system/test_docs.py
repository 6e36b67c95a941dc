"""The documents are true: what they show can be read and run, and they leave nothing out.

A `yaml` block of the documents is a whole script, a list (of phases if each element has a duration or a pause, else of
steps), or a map with `config` alone. A `console` block shows command lines behind `$ `.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

import wavetank
from wavetank import User
from wavetank.cli.main import main
from wavetank.engine.connecting.failures import _ERRNO_KINDS
from wavetank.engine.wire.closed import OUR_CLOSES
from wavetank.errors import ScriptError
from wavetank.flow.mistake import OURS
from wavetank.metrics import names
from wavetank.metrics.bounded import OTHER
from wavetank.plan import artillery
from wavetank.plan.artillery import read_script
from wavetank.plan.artillery.findings import Findings
from wavetank.plan.artillery.scenario.steps import FlowReader
from wavetank.plan.artillery.scope import Scope
from wavetank.plan.expression import _ARGUMENTS as TEMPLATE_FUNCTIONS
from wavetank.plan.model import Plan

ROOT = Path(__file__).parents[2]
SOURCE = Path(wavetank.__file__).parent
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
SCRIPTS = ROOT / "docs" / "scripts.md"
METRICS = ROOT / "docs" / "metrics.md"
PYTHON = ROOT / "docs" / "python.md"
QUICKSTART = ROOT / "docs" / "quickstart.md"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REFUSED = {"attr", "index"}
"""Keys that are read only to refuse the rule that they stand in."""

_NAMES_KIND_ELSEWHERE = {"connection.py", "failures.py", "user.py"}
"""Where a failure's kind comes out of a table, `OUR_CLOSES` or `_ERRNO_KINDS`, or from a scenario (`user.fail`)."""

_MISTAKES = "<exception> at <file>:<line>"
"""The kinds that `flow/mistake.py` makes."""


def blocks(document: Path, language: str) -> list[tuple[str, str]]:
    """The blocks of a language: where each stands, and its text."""
    text = document.read_text(encoding="utf-8")
    found = [hit for hit in _FENCE.finditer(text) if hit[1] == language]
    return [(f"{document.name}:{text.count(chr(10), 0, hit.start()) + 1}", hit[2]) for hit in found]


YAML_BLOCKS = [block for document in DOCUMENTS for block in blocks(document, "yaml")]
COMMANDS = [
    (where, line)
    for document in DOCUMENTS
    for where, text in blocks(document, "console")
    for line in text.splitlines()
    if line.startswith("$ ") and "wavetank " in line
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the examples name; the processors hold the functions that scripts.md shows."""
    functions = "\n\n".join(text for _, text in blocks(SCRIPTS, "python"))
    for name, content in {
        "processor.py": functions,
        "scenario.py": blocks(PYTHON, "python")[0][1],
        "users.csv": "user,password\nann,one\n",
        "words.csv": "wave,4\n",
        "ca.pem": "",
        "picture.png": "",
    }.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def as_script(block: str) -> object:
    """What a block of the documents stands for, made a whole script."""
    value = yaml.safe_load(block)
    config = {"target": "ws://localhost:8000", "processor": "processor.py"}
    flow: object = ["connect"]
    if isinstance(value, list):
        if all(isinstance(element, dict) and {"duration", "pause"} & element.keys() for element in value):
            config["phases"] = value
        else:
            flow = value
    elif "scenarios" in value:
        return value
    else:
        assert list(value) == ["config"], "a block of YAML is a script, a list, or config alone"
        config |= value["config"]
    return {"config": config, "scenarios": [{"engine": "ws", "flow": flow}]}


def read(script: object, folder: Path) -> Plan:
    path = folder / "script.yml"
    path.write_text(yaml.safe_dump(script, sort_keys=False), encoding="utf-8")
    variables = {"STAGING_HOST": "localhost", "TOKEN": "t"}
    return read_script(path, env=variables).plan


@pytest.mark.parametrize(("where", "block"), YAML_BLOCKS, ids=[where for where, _ in YAML_BLOCKS])
def test_every_example_of_a_script_can_be_read(where: str, block: str, folder: Path) -> None:
    assert read(as_script(block), folder).scenarios


def test_every_environment_of_an_example_can_be_chosen(folder: Path) -> None:
    chosen = 0
    for _, block in YAML_BLOCKS:
        value = yaml.safe_load(block)
        if isinstance(value, dict) and (environments := value["config"].get("environments")):
            path = folder / "script.yml"
            path.write_text(block, encoding="utf-8")
            for name in environments:
                read_script(path, environment=name, env={"STAGING_HOST": "localhost"})
                chosen += 1
    assert chosen


def test_the_mistake_of_the_quickstart_is_told_in_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ((_, script),) = blocks(QUICKSTART, "yaml")
    path = Path("first.yml")
    shown = "\n".join(text for _, text in blocks(QUICKSTART, "console"))
    path.write_text(script.replace("match", "macth", 1), encoding="utf-8")
    with pytest.raises(ScriptError) as caught:
        read_script(path)
    assert str(caught.value) in shown
    path.write_text(script, encoding="utf-8")
    for warning in read_script(path).warnings:
        assert warning.message in shown


@pytest.mark.parametrize(("where", "line"), COMMANDS, ids=[f"{where} {line[2:]}" for where, line in COMMANDS])
def test_every_command_line_has_options_that_exist(where: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(line.removeprefix("$ "), comments=True)
    at = words.index("wavetank")
    for assignment in words[:at]:
        name, _, value = assignment.partition("=")
        monkeypatch.setenv(name, value)
    verb, *arguments = words[at + 1 :]
    command = main.commands[verb]
    with command.make_context(verb, arguments, parent=click.Context(main)) as context:
        assert context.params


def error_kinds() -> set[str]:
    """Every kind of error that the code can count."""
    failed = inspect.signature(User.fail).parameters["kind"].default
    kinds = {OTHER, OURS, _MISTAKES, failed, *_ERRNO_KINDS.values(), *(kind for kind, _ in OUR_CLOSES.values())}
    for path in SOURCE.rglob("*.py"):
        for call in _calls(ast.parse(path.read_text(encoding="utf-8"))):
            kind = call.args[0]
            if isinstance(kind, ast.Constant):
                kinds.add(str(kind.value))
            elif isinstance(kind, ast.JoinedStr):
                kinds.add(_pattern(kind))
            else:
                assert path.name in _NAMES_KIND_ELSEWHERE or isinstance(kind, ast.Attribute), ast.unparse(call)
    return kinds


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Where a failure is made, and where an error is counted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            made = isinstance(node.func, ast.Name) and node.func.id == "UserFailure"
            counted = ast.unparse(node.func).endswith("recorder.error")
            if made or counted:
                yield node


def _pattern(text: ast.JoinedStr) -> str:
    """`http_{int(response.status)}` as `http_<status>`."""
    parts = []
    for part in text.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            parts.append(f"<{re.findall(r'[a-z]+', ast.unparse(part))[-1]}>")
    return "".join(parts)


def table(document: Path, heading: str) -> list[str]:
    """The names in the first column of the tables of a chapter."""
    text = document.read_text(encoding="utf-8")
    chapter = re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^\| `([^`]+)` \|", chapter, re.MULTILINE)


def test_every_kind_of_error_is_documented_and_exists() -> None:
    listed = table(METRICS, "Errors")
    assert len(listed) == len(set(listed))
    assert set(listed) == error_kinds(), "docs/metrics.md, Errors"


@pytest.mark.parametrize(
    ("heading", "known", "by_name"),
    [
        ("Counters", names.COUNTERS, (*names.COUNTERS_BY_NAME, names.CHECKS)),
        ("Rates", tuple(names.RATES), ()),
        ("Gauges", names.GAUGES, ()),
        ("Histograms", names.HISTOGRAMS, names.HISTOGRAMS_BY_NAME),
        ("Derived", names.DERIVED, (names.CHECKS,)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_metric_is_documented_and_exists(heading: str, known: tuple[str, ...], by_name: tuple[str, ...]) -> None:
    listed = table(METRICS, heading)
    assert len(listed) == len(set(listed))
    assert {name for name in listed if "<" not in name} == set(known), f"docs/metrics.md, {heading}"
    assert {name.partition(".<")[0] for name in listed if "<" in name} == set(by_name), f"docs/metrics.md, {heading}"


def test_every_counter_that_the_engine_writes_is_documented() -> None:
    listed = {name.partition("<")[0] for name in table(METRICS, "Counters")}
    counted = set()
    for path in SOURCE.rglob("*.py"):
        counted |= set(re.findall(r"counts\[\s*f?\"([a-z_.]+)", path.read_text(encoding="utf-8")))
    assert counted
    assert counted <= listed


def keys_of_scripts() -> set[str]:
    """Every key that a reader knows: the tuples that readers call so, in whatever file they stand."""
    keys: set[str] = set()
    for module in pkgutil.walk_packages(artillery.__path__, f"{artillery.__name__}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, tuple) and (name in ("_KNOWN", "_WRAPPER") or name.endswith("_KEYS")):
                keys.update(value)
    return keys - _REFUSED


def test_every_key_and_step_of_a_script_is_documented() -> None:
    steps = FlowReader(Scope(findings=Findings(), folder=ROOT))._readers
    text = SCRIPTS.read_text(encoding="utf-8")
    quoted = {word for code in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"[\w$]+", code)}
    known = {*keys_of_scripts(), *TEMPLATE_FUNCTIONS}
    assert known
    assert known <= quoted, f"docs/scripts.md says nothing of {sorted(known - quoted)}"
    assert {f"### {step}" for step in steps} <= set(text.splitlines())


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", document.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path) if path else document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link
