"""`send` and `wait`: what is sent, under which name it is measured, and what is expected."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from wavetank.errors import Where
from wavetank.plan.artillery.config.connection import existing_file
from wavetank.plan.artillery.fields import Fields, scalar_text
from wavetank.plan.artillery.findings import Findings, nearest
from wavetank.plan.artillery.merging import without
from wavetank.plan.artillery.scenario.correlations import read_correlation
from wavetank.plan.artillery.scenario.expectations import looks_like_rules, read_expect
from wavetank.plan.artillery.scope import Scope
from wavetank.plan.artillery.templates import check_json, check_templates
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.steps import Expect, Send, Wait

_BODIES = ("payload", "binary")
_RULES = ("match", "capture")
_WRAPPER = (*_BODIES, *_RULES, "name", "timeout", "reply")
_NEXT_MESSAGE = (
    "Artillery takes the next message, whatever it is, for the answer; "
    "here it is the first one that satisfies match and capture"
)


def read_send(node: Node, where: Where, number: int, scope: Scope) -> Send | None:
    """A send step, the `number`-th of its scenario; None if there is a mistake in it."""
    if node.map is None:
        if node.value is None:
            scope.findings.error(where, "'send' has nothing to send")
            return None
        return _message(node, where, number, None, None, scope)
    if _is_wrapper(node, scope.findings):
        return _wrapped(node, where, number, scope)
    rules = [key for key in _RULES if looks_like_rules(node.map.get(key))]
    for key in _RULES:
        if key in node.map and key not in rules:
            scope.findings.warn(node.place(key), f"Artillery takes {key!r} of this message for a rule about the answer")
    message = without(node, *rules)
    if rules and not message.map:
        scope.findings.error(where, "'send' has nothing to send", "use wait to take a message without sending one")
        return None
    if rules:
        held = "only its payload" if "payload" in node.map else "nothing, and waits"
        scope.findings.warn(
            where,
            f"Artillery sends {held} where match or capture stand in the message",
            "put the message into payload",
        )
    expect = _expect(node, None, scope, rules)
    return _message(message, where, number, None, expect, scope)


def read_wait(node: Node, where: Where, number: int, scope: Scope) -> Wait | None:
    """A wait step, the `number`-th of its scenario; None if there is a mistake in it."""
    findings = scope.findings
    if node.map is None:
        findings.error(where, f"'wait' needs match or capture, not {node.kind}", "use think to let time pass")
        return None
    fields = Fields(node, "'wait'", (*_RULES, "name", "timeout"), findings)
    if "timeout" in fields:
        _ours(fields, "timeout", findings)
    name = fields.text("name")
    expect = _expect(node, fields.duration("timeout"), scope, _RULES)
    if expect is None:
        findings.error(where, "'wait' does not say for which message", "give it match or capture")
        return None
    return Wait(where=where, name=name or f"step-{number}", expect=expect)


def _is_wrapper(node: Node, findings: Findings) -> bool:
    """Whether a map wraps the message, or is the message (which may well have a `payload` of its own)."""
    entries = node.map or {}
    if not any(key in entries for key in _BODIES):
        return False
    strange = [key for key in entries if key not in _WRAPPER]
    if not strange:
        return True
    # A misspelt `match` must not be sent to the server without a word.
    ruled = any(looks_like_rules(entries[key]) for key in strange if nearest(key, _RULES))
    if ruled:
        for key in strange:
            if nearest(key, _RULES):
                findings.unknown(node.place(key), "key", key, _WRAPPER, " in 'send'")
    return ruled


def _wrapped(node: Node, where: Where, number: int, scope: Scope) -> Send | None:
    findings = scope.findings
    entries = node.map or {}
    fields = Fields(without(node, *(set(entries) - set(_WRAPPER))), "'send'", _WRAPPER, findings)
    if all(key in entries for key in _BODIES):
        findings.error(node.place("binary"), "'send' has both a payload and a binary", "choose one of them")
        return None
    name = fields.text("name")
    if "timeout" in fields:
        _ours(fields, "timeout", findings)
    timeout_s = fields.duration("timeout")
    expect = _expect(node, timeout_s, scope, _RULES)
    reply = fields.get("reply")
    if reply is not None:
        _ours(fields, "reply", findings)
        if expect is not None:
            findings.error(
                fields.place("reply"),
                "'send' has both a reply and a match or capture",
                "reply goes on without waiting; match and capture wait: choose one of them",
            )
            return None
    if expect is None and reply is None and "timeout" in fields:
        findings.warn(fields.place("timeout"), "'timeout' has no meaning where no answer is expected")
    if "binary" in entries:
        _ours(fields, "binary", findings)
        if reply is not None:
            findings.error(fields.place("reply"), "'reply' finds its key in JSON, which a binary payload is not")
            return None
        return _binary(fields, where, name or f"step-{number}", expect, scope)
    if expect is None and reply is None:
        findings.warn(
            node.place("payload"),
            "Artillery sends the whole map, 'payload' included, where no match or capture stands beside it",
            "the message itself can stand under send",
        )
    message = _message(entries["payload"], where, number, name, expect, scope)
    if message is None or reply is None:
        return message
    correlation = read_correlation(reply, timeout_s, findings)
    return None if correlation is None else replace(message, correlation=correlation)


def _ours(fields: Fields, key: str, findings: Findings) -> None:
    findings.warn(fields.place(key), f"Artillery does not know {key!r} in {fields.what}")


def _expect(node: Node, timeout_s: float | None, scope: Scope, rules: tuple[str, ...] | list[str]) -> Expect | None:
    entries: Mapping[str, Node] = node.map or {}
    found = {key: entries[key] for key in rules if key in entries and entries[key].value is not None}
    if found:
        scope.findings.warn(node.place(next(iter(found))), _NEXT_MESSAGE)
    return read_expect(found.get("match"), found.get("capture"), timeout_s, scope)


def _message(
    payload: Node, where: Where, number: int, name: str | None, expect: Expect | None, scope: Scope
) -> Send | None:
    value = payload.plain()
    if value is None:
        scope.findings.error(where, "'send' has nothing to send")
        return None
    encoding: Literal["text", "json"] = "text"
    if isinstance(value, dict | list):
        encoding = "json"
        check_json(payload, scope)
    else:
        check_templates(payload, scope)
        value = scalar_text(payload)
    return Send(
        where=where,
        payload=value,
        encoding=encoding,
        name=name or _type_of(value) or f"step-{number}",
        expect=expect,
    )


def _type_of(payload: object) -> str | None:
    """The constant `type` of a JSON message, which names it in the report."""
    if isinstance(payload, str) and payload.lstrip().startswith("{"):
        try:
            payload = json.loads(payload)
        except (ValueError, RecursionError):
            return None
    kind = payload.get("type") if isinstance(payload, dict) else None
    return kind if isinstance(kind, str) and kind.strip() and "{{" not in kind else None


def _binary(fields: Fields, where: Where, name: str, expect: Expect | None, scope: Scope) -> Send | None:
    node = fields.get("binary")
    findings = scope.findings
    if node is not None and node.map is not None:
        inner = Fields(node, "'binary'", ("file",), findings)
        text = inner.text("file")
        path = None if text is None else existing_file(text, scope.folder)
        if text is None:
            if "file" not in inner:
                findings.error(fields.place("binary"), "'binary' has no file")
        elif path is None:
            findings.error(inner.place("file"), f"there is no file {text!r}", "paths start at the script")
        return None if path is None else Send(where=where, payload=str(path), encoding="file", name=name, expect=expect)
    if node is None or node.text is None:
        kind = "nothing" if node is None else node.kind
        findings.error(fields.place("binary"), f"'binary' must be text in base64 or {{file: path}}, not {kind}")
        return None
    if "{{" in node.text:
        check_templates(node, scope)
        return Send(where=where, payload=node.text, encoding="base64", name=name, expect=expect)
    text = "".join(node.text.split())  # base64 is often written in lines
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        findings.error(fields.place("binary"), "'binary' is not valid base64")
        return None
    return Send(where=where, payload=text, encoding="base64", name=name, expect=expect)
