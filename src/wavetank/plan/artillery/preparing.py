"""What happens to a script before it is read: environment, options and templates, in Artillery's order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wavetank.errors import Where
from wavetank.plan.artillery.config.phases import SHAPE_KEYS
from wavetank.plan.artillery.config.settings import choose_environment
from wavetank.plan.artillery.fields import Fields
from wavetank.plan.artillery.filling import Filling
from wavetank.plan.artillery.findings import Findings
from wavetank.plan.artillery.merging import entry, merge, with_entry, without
from wavetank.plan.artillery.text.node import Node, node_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line says about a script; see `read_script`."""

    environment: str | None = None
    target: str | None = None
    variables: Mapping[str, object]
    overrides: Mapping[str, object]
    scenario: str | None = None
    seed: int = 0
    env: Mapping[str, str]
    test_id: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """The script without its `x-` keys, its final config, and the names of the environments there are."""

    top: Node
    config: Node
    environments: tuple[str, ...]


def prepare(root: Node, path: Path, choices: Choices, findings: Findings) -> Prepared:
    """Lays environment, -t, --overrides and -v over the script, in this order, and fills its config in."""
    top = without(root, *(key for key in root.map or {} if key.startswith("x-")))
    config = entry(top, "config") or Node(value={}, where=top.where)
    over, environments = choose_environment(config, choices.environment, findings)
    if config.map is not None:
        config = without(config, "environments")
        if over is not None and over.map is not None:
            config = _in_environment(config, over, findings)
        if choices.target is not None:
            config = with_entry(config, "target", Node(value=choices.target, where=Where("-t")))
    if choices.overrides:
        given = _option(choices.overrides, "--overrides", findings)
        top = merge(with_entry(top, "config", config), given, replace_lists=True)
        config = entry(top, "config") or config
    Fields(top, "the script", ("config", "scenarios", "before", "after"), findings)
    if choices.variables and config.map is not None:
        config = merge(config, _option({"variables": choices.variables}, "-v", findings))
    return Prepared(top, _filled(config, path, choices, findings), tuple(environments))


def _in_environment(config: Node, over: Node, findings: Findings) -> Node:
    merged = merge(config, over)
    own, common = entry(over, "phases"), entry(config, "phases")
    if own is None or common is None or not own.items or not all(_is_whole_phase(phase) for phase in own.items):
        return merged
    # Artillery lays them over the common ones one by one, so that the rest of these, and their names, stay.
    if own.plain() != (entry(merged, "phases") or own).plain():
        findings.warn(
            over.place("phases"),
            "Artillery mixes these phases with those of config, one by one; here they stand in their place",
        )
    return with_entry(merged, "phases", own)


def _is_whole_phase(phase: Node) -> bool:
    """Whether a phase says all that it has to, so that it is not meant to change another one."""
    keys = phase.map or {}
    return "pause" in keys or ("duration" in keys and any(key in keys for key in SHAPE_KEYS))


def _option(value: Mapping[str, object], option: str, findings: Findings) -> Node:
    where = Where(option)
    try:
        return node_of(value, where)
    except (TypeError, ValueError) as error:
        findings.error(where, f"its value cannot be used: {error}")
        return Node(value={}, where=where)


def _filled(config: Node, path: Path, choices: Choices, findings: Findings) -> Node:
    given: dict[str, object] = {
        "$scenarioFile": str(path),
        "$dirname": str(path.parent),
        "$testId": choices.test_id if choices.test_id is not None else f"{path.stem}-{choices.seed}",
        "$env": choices.env,
        "$processEnvironment": choices.env,
        **choices.variables,
    }
    if choices.environment is not None:
        given["$environment"] = choices.environment
    variables = entry(config, "variables")
    declared = {
        name: node.value
        for name, node in ((variables.map if variables is not None else None) or {}).items()
        if isinstance(node.value, bool | int | float | str) and "{{" not in str(node.value)
    }
    strict = entry(config, "strict")
    filling = Filling(given, declared, findings, strict=strict is None or strict.value is not False, seed=choices.seed)
    return filling.fill(config) if config.map is not None else config
