"""How often a loop goes round: `count`, `over`, `whileTrue`, or, of ours, `count` times `every` so long."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wavetank.plan.artillery.fields import Fields, number_of
from wavetank.plan.artillery.findings import listing
from wavetank.plan.artillery.scenario.expectations import first_name
from wavetank.plan.artillery.scope import Call, Scope
from wavetank.plan.artillery.templates import check_templates

LOOP_KEYS = ("loop", "count", "over", "whileTrue", "loopValue", "loopElement", "every")

_RANGE = re.compile(r"\s*(\d{1,15})\s*-\s*(\d{1,15})\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopForm:
    """What governs a loop, as in `plan.steps.Loop`; `interval_s` makes it a `Pace`."""

    count: int | str | None = None
    first: int = 0
    over: str | tuple[object, ...] | None = None
    while_true: str | None = None
    value_name: str = "$loopCount"
    element_name: str = "$loopElement"
    interval_s: float | None = None


def read_loop_form(fields: Fields, scope: Scope) -> LoopForm:
    """What governs the loop. Where keys contradict each other, the one that Artillery follows counts."""
    findings = scope.findings
    value_name = fields.text("loopValue") or "$loopCount"
    element_name = fields.text("loopElement") or "$loopElement"
    scope.writes.update(map(first_name, (value_name, element_name)))
    if "loopElement" in fields:
        findings.warn(fields.place("loopElement"), "Artillery reads 'loopElement' in HTTP scenarios only")
    first, count = _count(fields, scope)
    if "every" in fields:
        return _paced(fields, first, count, scope)
    given = fields.present("whileTrue", "over", "count")
    if len(given) > 1:
        findings.warn(
            fields.place(given[1]),
            f"the loop follows {given[0]!r}, as Artillery does; {listing(map(repr, given[1:]))} is not read",
        )
    over = _over(fields, scope)
    while_true = fields.text("whileTrue")
    if while_true is not None:
        scope.calls.append(Call(fields.place("whileTrue"), while_true, "while"))
        over, count, first = None, None, 0
    elif over is not None:
        count, first = None, 0
    return LoopForm(
        count=count,
        first=first,
        over=over,
        while_true=while_true,
        value_name=value_name,
        element_name=element_name,
    )


def _count(fields: Fields, scope: Scope) -> tuple[int, int | str | None]:
    node = fields.get("count")
    if node is None:
        return 0, None
    where = fields.place("count")
    if node.text is not None and "{{" in node.text:
        check_templates(node, scope)
        return 0, node.text
    span = _RANGE.fullmatch(node.text) if node.text is not None else None
    if span is not None:
        first, end = int(span[1]), int(span[2])
        if end < first:
            scope.findings.error(where, f"the range {node.text!r} ends before it begins")
        return first, max(end - first, 0)
    number = number_of(node)
    if number is None or number != int(number) or number < -1:
        scope.findings.error(
            where, f"'count' of the loop must be a whole number or a range such as 1-15, not {node.kind}"
        )
        return 0, 0
    if number == -1:
        return 0, None
    if number == 0:
        scope.findings.warn(where, "Artillery takes a count of 0 for a loop without end; here it goes round not once")
    return 0, int(number)


def _over(fields: Fields, scope: Scope) -> str | tuple[object, ...] | None:
    node = fields.get("over")
    if node is None:
        return None
    if node.items is not None:
        check_templates(node, scope)
        return tuple(element.plain() for element in node.items)
    if not node.text:
        scope.findings.error(
            fields.place("over"),
            f"'over' of the loop must be a list or the name of a variable, not {node.kind}",
        )
        return None
    return node.text


def _paced(fields: Fields, first: int, count: int | str | None, scope: Scope) -> LoopForm:
    findings = scope.findings
    findings.warn(fields.place("every"), "Artillery does not know 'every' in a loop; it is ours")
    interval_s = fields.duration("every")
    for key in fields.present("over", "whileTrue", "loopValue", "loopElement"):
        findings.error(fields.place(key), f"{key!r} cannot stand beside 'every'", "a paced loop has a count alone")
    if "count" not in fields:
        findings.error(fields.place("every"), "a loop with 'every' needs a count")
    elif isinstance(count, str) or count is None or first:
        findings.error(fields.place("count"), "the count of a loop with 'every' must be a plain number")
    if interval_s == 0:
        findings.error(fields.place("every"), "'every' must be more than 0", "a plain loop goes as fast as it can")
    return LoopForm(count=count, interval_s=interval_s or 0.0)
