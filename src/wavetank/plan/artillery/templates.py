"""The templates of a scenario: checked when the script is read, rendered when a user comes to them."""

from __future__ import annotations

from wavetank.plan.artillery.scope import Read, Scope
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.template import TemplateError, compile_json, compile_template


def check_templates(node: Node, scope: Scope) -> bool:
    """Notes every template in a value that can never work, and which variables the others read.

    True if there is no mistake.
    """
    if node.map is not None:
        good = True
        for key, value in node.map.items():
            if "{{" in key:
                good = _check(key, Node(value=key, where=node.place(key)), scope) and good
            good = check_templates(value, scope) and good
        return good
    if node.items is not None:
        found = [check_templates(element, scope) for element in node.items]
        return all(found)
    if node.text is not None and "{{" in node.text:
        return _check(node.text, node, scope)
    return True


def check_json(node: Node, scope: Scope) -> bool:
    """As `check_templates`, for a value sent as JSON: notes a constant that JSON cannot carry, too."""
    if not check_templates(node, scope):
        return False
    try:
        compile_json(node.plain())
    except TemplateError as error:
        scope.findings.error(node.where, str(error).rstrip("."))
        return False
    return True


def _check(text: str, node: Node, scope: Scope) -> bool:
    try:
        template = compile_template(text)
    except TemplateError as error:
        scope.findings.error(node.where, str(error).rstrip("."))
        return False
    scope.reads.extend(Read(node.where, name) for name in template.names)
    return True
