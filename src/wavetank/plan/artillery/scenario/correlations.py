"""`reply`: how the answer to a message is told among many under way."""

from __future__ import annotations

from wavetank.plan.artillery.fields import Fields
from wavetank.plan.artillery.findings import Findings
from wavetank.plan.artillery.scenario.expectations import is_json_path
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.steps import Correlation


def read_correlation(node: Node, timeout_s: float | None, findings: Findings) -> Correlation | None:
    """`{key: $.id}`, `{key: $.id, in: $.reply_to}`, or the path alone; None if there is a mistake in it.

    `key` is where the key stands in the message sent, `in` where it comes back; without `in` at the same place.
    """
    if node.text is not None:
        sent = received = is_json_path(node.text, node.where, findings)
    else:
        fields = Fields(node, "'reply'", ("key", "in"), findings)
        key, place = fields.text("key"), fields.text("in")
        if key is None:
            if node.map is not None and "key" not in fields:
                findings.error(node.where, "'reply' has no key", "write reply: {key: $.id}")
            return None
        sent = is_json_path(key, fields.place("key"), findings)
        received = sent if place is None else is_json_path(place, fields.place("in"), findings)
    if sent is None or received is None:
        return None
    return Correlation(sent=sent, received=received, timeout_s=timeout_s)
