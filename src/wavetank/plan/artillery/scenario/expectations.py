"""`match` and `capture`: which message is the reply, and what to keep of it."""

from __future__ import annotations

import re

import jsonpath

from wavetank.errors import Where
from wavetank.plan.artillery.fields import Fields, scalar_text
from wavetank.plan.artillery.findings import Findings, listing
from wavetank.plan.artillery.scenario.regexps import python_pattern
from wavetank.plan.artillery.scope import Scope
from wavetank.plan.artillery.templates import check_templates
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.steps import Capture, Expect, JsonSelector, Match, RegexpSelector, Selector

_SUPPORTED = ("json", "regexp")
_ELSEWHERE = ("xpath", "selector", "header")
_KNOWN = (*_SUPPORTED, *_ELSEWHERE, "attr", "index", "flags", "group", "as", "value", "strict", "multiple")


def looks_like_rules(node: Node | None) -> bool:
    """Whether a value has the form of `match` or `capture`, and not only the name."""
    if node is None:
        return False
    rules = node.items if node.items is not None else (node,)
    return bool(rules) and all(
        rule.map is not None and any(key in rule.map for key in (*_SUPPORTED, *_ELSEWHERE)) for rule in rules
    )


def read_expect(match: Node | None, capture: Node | None, timeout_s: float | None, scope: Scope) -> Expect | None:
    """What a send or wait step expects; None if it expects nothing.

    As in Artillery, it is `value` that makes a rule a match, and `as` that makes it a capture, in both lists.
    """
    matches: list[Match] = []
    captures: list[Capture] = []
    for key, node in (("match", match), ("capture", capture)):
        if node is None:
            continue
        for rule in node.items if node.items is not None else (node,):
            _read_rule(key, rule, matches, captures, scope)
    if match is None and capture is None:
        return None
    return Expect(matches=tuple(matches), captures=tuple(captures), timeout_s=timeout_s)


def first_name(variable: str) -> str:
    """The variable that a path such as `a.b[0]` begins with."""
    return re.split(r"[.\[]", variable.strip(), maxsplit=1)[0]


def _read_rule(key: str, node: Node, matches: list[Match], captures: list[Capture], scope: Scope) -> None:
    findings = scope.findings
    fields = Fields(node, f"{key!r}", _KNOWN, findings)
    if node.map is None:
        if node.value is None:
            findings.error(node.where, f"{key!r} is empty", "give it json or regexp")
        return
    selector = _selector(fields, findings)
    strict = fields.flag("strict")
    value = node.map.get("value")
    variable = fields.text("as")
    if value is None and "as" not in fields:
        wanted = "the value to compare with" if key == "match" else "'as', the variable to keep it in"
        findings.error(node.where, f"{key!r} does not give {wanted}")
        return
    if value is not None:
        check_templates(value, scope)
    if selector is None:
        return
    if value is not None:
        matches.append(Match(selector=selector, value=value.plain(), strict=strict is not False))
    if variable is not None:
        scope.writes.add(first_name(variable))
        captures.append(Capture(selector=selector, variable=variable, strict=strict is not False))


def _selector(fields: Fields, findings: Findings) -> Selector | None:
    elsewhere = fields.present(*_ELSEWHERE)
    if elsewhere:
        findings.error(
            fields.place(elsewhere[0]),
            f"{elsewhere[0]!r} is not supported here",
            "use json or regexp instead",
        )
        return None
    given = fields.present(*_SUPPORTED)
    if len(given) != 1:
        what = f"has {listing(given)}" if given else "does not say where to look"
        findings.error(fields.node.where, f"{fields.what} {what}", "give it either json or regexp")
        return None
    if given == ["json"]:
        return _json(fields, findings)
    return _regexp(fields, findings)


def _json(fields: Fields, findings: Findings) -> Selector | None:
    for key in fields.present("flags", "group"):
        findings.error(fields.place(key), f"{key!r} belongs to a regexp, not to a JSONPath")
    multiple = fields.flag("multiple")
    given = fields.text("json")
    path = None if given is None else is_json_path(given, fields.place("json"), findings)
    return None if path is None else JsonSelector(path=path, multiple=multiple is not False)


def is_json_path(path: str, where: Where, findings: Findings) -> str | None:
    """The path, if it is a JSONPath; else None, and the mistake is noted."""
    if "{{" in path:
        findings.error(where, "a JSONPath cannot hold a template here", "compare with a template in value")
        return None
    try:
        jsonpath.compile(path)
    except (jsonpath.JSONPathError, ValueError, RecursionError, re.error) as error:
        reason = str(error).strip().split("\n")[0]
        findings.error(where, f"{path!r} is not a JSONPath: {reason}")
        return None
    return path


def _regexp(fields: Fields, findings: Findings) -> Selector | None:
    if "multiple" in fields:
        findings.error(fields.place("multiple"), "'multiple' belongs to a JSONPath, not to a regexp")
    text, flags = fields.text("regexp"), fields.text("flags") or ""
    if text is None:
        return None
    try:
        pattern = python_pattern(text, flags)
    except ValueError as error:
        findings.error(fields.place("regexp"), f"'regexp' of {fields.what}: {error}")
        return None
    group = _group(fields, re.compile(pattern), findings)
    return None if group is None else RegexpSelector(pattern=pattern, flags=flags, group=group)


def _group(fields: Fields, pattern: re.Pattern[str], findings: Findings) -> int | str | None:
    node = fields.get("group")
    if node is None:
        return 0
    text = scalar_text(node)
    if text is not None and text.isascii() and text.isdecimal() and int(text[:9]) <= pattern.groups:
        findings.warn(fields.place("group"), "Artillery takes the names of groups, but not their numbers")
        return int(text[:9])
    if text is not None and text in pattern.groupindex:
        return text
    names = [*map(str, range(pattern.groups + 1)), *pattern.groupindex]
    findings.error(
        fields.place("group"),
        f"the regexp has no group that is {node.kind}",
        f"its groups: {', '.join(names)}",
    )
    return None
