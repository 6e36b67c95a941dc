"""The templates of `config`, which are filled in once, before there is any user."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from wavetank.errors import UserFailure
from wavetank.plan.artillery.findings import Findings
from wavetank.plan.artillery.text.node import Node, node_of
from wavetank.plan.template import Template, TemplateError, compile_template, text_of

_ENVIRONMENT = re.compile(r"\$(?:env|processEnvironment)\.(\w+)")
_PER_USER = ("ws", "headers")


class Filling:
    """Fills templates in, from what is known before there are users.

    `given` is what Artillery knows then; `declared` are the plain values of `config.variables`, which it does
    not. `seed` decides what the random functions give.
    """

    def __init__(
        self,
        given: Mapping[str, object],
        declared: Mapping[str, object],
        findings: Findings,
        *,
        strict: bool,
        seed: int,
    ) -> None:
        self._variables = {**declared, **given}
        self._given = given
        self._findings = findings
        environment = given.get("$env")
        self._environment = environment if isinstance(environment, Mapping) else {}
        self._strict = strict
        self._random = random.Random(f"config {seed}")

    def fill(self, node: Node, path: tuple[str, ...] = ()) -> Node:
        """The value with its templates filled in; a mistake stays as it is. `path` is its place in config."""
        if node.map is not None:
            entries: dict[str, Node] = {}
            keys = {}
            for key, value in node.map.items():
                name = key
                if "{{" in key:
                    filled = self._text(Node(value=key, where=node.place(key)), (*path, key))
                    name = text_of(filled.plain())
                entries[name] = self.fill(value, (*path, name))
                keys[name] = node.place(key)
            return Node(value=entries, where=node.where, keys=keys)
        if node.items is not None:
            return Node(value=tuple(self.fill(element, path) for element in node.items), where=node.where)
        if node.text is not None and "{{" in node.text:
            return self._text(node, path)
        return node

    def _text(self, node: Node, path: tuple[str, ...]) -> Node:
        try:
            template = compile_template(node.value, strict=self._strict)
        except TemplateError as error:
            self._findings.error(node.where, str(error).rstrip("."))
            return node
        unknown = sorted(template.names - self._variables.keys())
        if unknown and path[: len(_PER_USER)] == _PER_USER:
            self._findings.warn(
                node.where,
                f"Artillery fills in config before there are users, so {unknown[0]!r} is undefined there; "
                "here the header is filled in for each user",
            )
            return node
        if unknown and self._strict:
            self._findings.error(
                node.where,
                f"config is filled in before there are users, and {unknown[0]!r} is not known then",
                "choose one with -e" if unknown[0] == "$environment" else "use $env.NAME, or give it with -v",
            )
            return node
        declared = sorted(template.names - self._given.keys() - set(unknown))
        if declared:
            self._findings.warn(
                node.where,
                f"Artillery does not know config.variables.{declared[0]} within config, only what -v gives",
            )
        return self._rendered(template, node)

    def _rendered(self, template: Template, node: Node) -> Node:
        try:
            value = template.render(self._variables, lambda: self._random)
        except UserFailure as failure:
            missing = [name for name in _ENVIRONMENT.findall(node.text or "") if name not in self._environment]
            if missing:
                self._findings.error(node.where, f"the environment variable {missing[0]} is not set", "set it first")
            else:
                reason = failure.reason.rstrip(".")
                self._findings.error(node.where, f"{node.text!r} in config cannot be filled in: {reason}")
            return node
        try:
            return node_of(value, node.where)
        except (TypeError, ValueError) as error:
            self._findings.error(node.where, f"{node.text!r} in config gives no usable value: {error}")
            return node
