"""`config.push`: which messages are pushes, and what is measured of them."""

from __future__ import annotations

from wavetank.plan.artillery.fields import Fields
from wavetank.plan.artillery.findings import Findings, listing
from wavetank.plan.artillery.scenario.expectations import is_json_path, read_expect
from wavetank.plan.artillery.scope import Scope
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.pushes import UNITS, Clock, PushRules
from wavetank.plan.steps import Match
from wavetank.plan.template import NOW

_KEYS = ("match", "timestamp", "unit", "sequence", "channel", "clock", "serverTime")
_CLOCKS: dict[str, Clock] = {"fleet": "fleet", "server": "server"}


def read_pushes(node: Node | None, scope: Scope) -> PushRules | None:
    """`config.push`; None if there is none, or a mistake in it."""
    if node is None:
        return None
    findings = scope.findings
    before = len(findings.errors)
    fields = Fields(node, "config.push", _KEYS, findings)
    matches = _matches(fields, scope)
    paths = {key: _path(fields, key, findings) for key in ("timestamp", "sequence", "channel", "serverTime")}
    unit = _choice(fields, "unit", tuple(UNITS), findings) or "ms"
    clock = _CLOCKS[_choice(fields, "clock", tuple(_CLOCKS), findings) or "fleet"]
    if node.map is not None and "timestamp" not in fields and "sequence" not in fields:
        findings.error(node.where, "config.push measures nothing", "give timestamp, sequence, or both")
    _check_meaning(fields, clock, unit, scope)
    if len(findings.errors) > before:
        return None
    return PushRules(
        matches=matches,
        timestamp=paths["timestamp"],
        unit_ns=UNITS[unit],
        sequence=paths["sequence"],
        channel=paths["channel"],
        clock=clock,
        server_time=paths["serverTime"],
    )


def _matches(fields: Fields, scope: Scope) -> tuple[Match, ...]:
    node = fields.get("match")
    if node is None:
        if fields.node.map is not None:
            hint = "write match: {json: $.type, value: event}"
            scope.findings.error(fields.node.where, "config.push does not say which messages are pushes", hint)
        return ()
    before = len(scope.findings.errors)
    expect = read_expect(node, None, None, scope)
    if len(scope.findings.errors) > before or expect is None:
        return ()
    if expect.captures:
        scope.findings.error(node.where, "'match' of config.push can keep nothing for a user", "take 'as' out")
    for match in expect.matches:
        if not match.strict:
            scope.findings.error(node.where, "a 'match' that is not strict tells no pushes apart", "take strict out")
    if not expect.matches and not expect.captures:
        scope.findings.error(node.where, "'match' of config.push is empty", "write match: {json: $.type, value: event}")
    return expect.matches


def _path(fields: Fields, key: str, findings: Findings) -> str | None:
    text = fields.text(key)
    return None if text is None else is_json_path(text, fields.place(key), findings)


def _choice(fields: Fields, key: str, known: tuple[str, ...], findings: Findings) -> str | None:
    text = fields.text(key)
    if text is not None and text not in known:
        findings.error(fields.place(key), f"{key!r} of config.push must be {listing(known, 'or')}, not {text!r}")
        return None
    return text


def _check_meaning(fields: Fields, clock: Clock, unit: str, scope: Scope) -> None:
    """What is right by itself, but not beside the rest."""
    findings = scope.findings
    for key in fields.present("unit", "clock", "serverTime"):
        if "timestamp" not in fields:
            findings.error(fields.place(key), f"{key!r} of config.push is about a timestamp, and there is none")
    if "channel" in fields and "sequence" not in fields:
        findings.error(fields.place("channel"), "'channel' of config.push tells sequences apart, and there is none")
    if "serverTime" in fields and clock != "server":
        findings.error(
            fields.place("serverTime"),
            "'serverTime' of config.push is for timestamps that the server makes",
            "add clock: server",
        )
    if clock == "fleet" and unit != "ms" and any(read.name == NOW for read in scope.reads):
        findings.warn(fields.place("unit"), f"{NOW} is in milliseconds, and config.push takes timestamps for {unit}")
