"""The flow of a scenario: each step by its one key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from wavetank.errors import Where
from wavetank.plan.artillery.fields import Fields, duration_of, number_of, scalar_text
from wavetank.plan.artillery.findings import Findings, listing
from wavetank.plan.artillery.scenario.connecting import read_connect
from wavetank.plan.artillery.scenario.loops import LOOP_KEYS, LoopForm, read_loop_form
from wavetank.plan.artillery.scenario.messages import read_send, read_wait
from wavetank.plan.artillery.scope import Call, Jitter, Scope
from wavetank.plan.artillery.templates import check_templates
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.steps import Close, Function, Log, Loop, Pace, Ping, Rendezvous, Settle, Step, Think

HTTP_STEPS = ("get", "post", "put", "patch", "delete", "head", "options", "parallel")
_FOREIGN_STEPS = (*HTTP_STEPS, "emit", "namespace")
_BARE_STEPS = ("ping", "close", "rendezvous", "settle", "connect")
_DEEPEST = 50


class FlowReader:
    """Reads one flow. Steps are counted from 1 in the order of reading, nested ones included."""

    def __init__(self, scope: Scope, allowed: tuple[str, ...] | None = None) -> None:
        self._scope = scope
        self._findings = scope.findings
        self._count = 0
        self._readers: Mapping[str, Callable[[Node, Where, int], Step | None]] = {
            "connect": self._connect,
            "send": lambda node, where, _: read_send(node, where, self._count, scope),
            "wait": lambda node, where, _: read_wait(node, where, self._count, scope),
            "think": self._think,
            "loop": lambda _node, _where, _depth: None,  # has several keys, and is read with all of them
            "function": self._function,
            "log": self._log,
            "ping": self._ping,
            "close": self._close,
            "rendezvous": self._rendezvous,
            "settle": self._settle,
        }
        self._allowed = allowed

    def read(self, node: Node) -> tuple[Step, ...]:
        """The steps of a list; what is no step is noted and left out."""
        return self._steps(node, 0)

    def _steps(self, node: Node, depth: int) -> tuple[Step, ...]:
        if node.items is None:
            self._findings.error(node.where, f"the steps must be a list, not {node.kind}")
            return ()
        if not node.items:
            self._findings.error(node.where, "there are no steps")
        if depth > _DEEPEST:
            self._findings.error(node.where, f"loops are nested more than {_DEEPEST} deep")
            return ()
        steps = [self._step(element, depth) for element in node.items]
        return tuple(step for step in steps if step is not None)

    def _step(self, node: Node, depth: int) -> Step | None:
        self._count += 1
        entries = node.map
        if node.text in _BARE_STEPS and node.text is not None:
            self._findings.warn(node.where, f"Artillery knows no step that is only the word {node.text!r}")
            entries = {node.text: Node(value=None, where=node.where)}
        if entries is None:
            self._findings.error(node.where, f"a step must be a map with one key, not {node.kind}")
            return None
        if not entries:
            self._findings.error(node.where, "the step is empty")
            return None
        if "loop" in entries:
            return self._loop(node, depth)
        if len(entries) > 1:
            self._several(node, entries)
            return None
        key, value = next(iter(entries.items()))
        where = node.place(key)
        reader = self._readers.get(key)
        if reader is None:
            if key in _FOREIGN_STEPS:
                self._findings.error(
                    where,
                    f"{key!r} is a step of Artillery's {'HTTP' if key in HTTP_STEPS else 'Socket.IO'} engine",
                    "Wavetank speaks WebSocket; make other requests in a function of the processor",
                )
            else:
                self._findings.unknown(where, "step", key, self._allowed or self._readers)
            return None
        if self._allowed is not None and key not in self._allowed:
            self._findings.error(where, f"{key!r} cannot stand here", f"only {listing(self._allowed)} can")
            return None
        return reader(value, where, depth)

    def _several(self, node: Node, entries: Mapping[str, Node]) -> None:
        known = [key for key in entries if key in self._readers]
        unknown = [key for key in entries if key not in self._readers]
        if len(known) == 1 and known[0] == "think" and unknown == ["jitter"]:
            self._findings.error(
                node.place("jitter"), "'jitter' cannot stand in a step", "set config.defaults.think.jitter"
            )
        elif len(known) == 1 and known[0] == "send":
            names = listing(map(repr, unknown))
            self._findings.error(node.place(unknown[0]), f"{names} stands beside 'send'", "put it inside send")
        else:
            names = listing(map(repr, entries))
            self._findings.error(
                node.where, f"a step has one key, not {names}", "make a step of each; check the indent"
            )

    def _connect(self, node: Node, where: Where, depth: int) -> Step | None:
        if self._count > 1:
            self._findings.warn(
                where,
                "Artillery connects before the first step, and reads connect only if it is the first step",
            )
        return read_connect(node, where, self._scope, first=self._count == 1)

    def _think(self, node: Node, where: Where, depth: int) -> Step | None:
        jitter = self._scope.jitter
        if node.text is not None and "{{" in node.text:
            good = check_templates(node, self._scope)
            duration: float | str | None = node.text if good else None
        else:
            duration = duration_of(node, "'think'", where, self._findings)
        if duration is None:
            return None
        if isinstance(node.value, float):
            self._findings.warn(
                where, f"Artillery takes a think of {node.value} for no time at all; here it is seconds"
            )
        elif node.text is not None and re.fullmatch(r"\s*\d*\.\d+\s*", node.text):
            self._findings.warn(where, f"Artillery takes the think {node.text!r} for milliseconds; here it is seconds")
        elif duration == 0 and depth:
            self._findings.warn(where, "Artillery fails a user at a think of 0 in a loop; here others get their turn")
        return Think(where=where, duration=duration, jitter=jitter.amount, jitter_is_share=jitter.is_share)

    def _loop(self, node: Node, depth: int) -> Step | None:
        if self._allowed is not None and "loop" not in self._allowed:
            self._findings.error(node.place("loop"), "'loop' cannot stand here", f"only {listing(self._allowed)} can")
            return None
        fields = Fields(node, "the loop", LOOP_KEYS, self._findings)
        form: LoopForm = read_loop_form(fields, self._scope)
        body = fields.get("loop")
        if body is None:
            self._findings.error(fields.place("loop"), "the loop has no steps")
            return None
        steps = self._steps(body, depth + 1)
        where = fields.place("loop")
        if form.interval_s is not None:
            count = form.count if isinstance(form.count, int) else 0
            return Pace(where=where, steps=steps, count=count, interval_s=form.interval_s)
        return Loop(
            where=where,
            steps=steps,
            count=form.count,
            first=form.first,
            over=form.over,
            while_true=form.while_true,
            value_name=form.value_name,
            element_name=form.element_name,
        )

    def _function(self, node: Node, where: Where, depth: int) -> Step | None:
        if not node.text or not node.text.strip():
            self._findings.error(where, f"'function' must name a function of the processor, not {node.kind}")
            return None
        self._scope.calls.append(Call(where, node.text))
        return Function(where=where, name=node.text)

    def _log(self, node: Node, where: Where, depth: int) -> Step | None:
        if node.value is None:
            self._findings.error(where, "'log' has nothing to write")
            return None
        check_templates(node, self._scope)
        text = scalar_text(node)
        return Log(where=where, text=json.dumps(node.plain(), ensure_ascii=False) if text is None else text)

    def _ping(self, node: Node, where: Where, depth: int) -> Step | None:
        self._ours("ping", where)
        if node.text is not None:
            return Ping(where=where, name=node.text)
        fields = Fields(node, "'ping'", ("name", "timeout"), self._findings)
        name, timeout_s = fields.text("name"), fields.duration("timeout")
        return Ping(where=where, name=name or "ping-frame", timeout_s=timeout_s)

    def _close(self, node: Node, where: Where, depth: int) -> Step | None:
        self._ours("close", where)
        if node.map is None and node.value is not None:
            node = Node(value={"code": node}, where=where)
        fields = Fields(node, "'close'", ("code", "reason"), self._findings)
        code = fields.whole("code", minimum=1000, maximum=4999)
        reason = fields.text("reason") or ""
        if "code" in fields and code is None:
            return None
        if code is not None and not _can_be_sent(code):
            self._findings.error(
                fields.place("code"),
                f"no client may close with {code}",
                "use 1000, or one of 3000 to 4999 of your own",
            )
            return None
        if "reason" in fields:
            check_templates(Node(value=reason, where=fields.place("reason")), self._scope)
            if "{{" not in reason and len(reason.encode()) > 123:
                self._findings.error(fields.place("reason"), "the reason is longer than the 123 bytes that fit")
        return Close(where=where, code=code or 1000, reason=reason)

    def _rendezvous(self, node: Node, where: Where, depth: int) -> Step | None:
        self._takes_nothing("rendezvous", node, where)
        return Rendezvous(where=where)

    def _settle(self, node: Node, where: Where, depth: int) -> Step | None:
        self._takes_nothing("settle", node, where)
        return Settle(where=where)

    def _takes_nothing(self, key: str, node: Node, where: Where) -> None:
        self._ours(key, where)
        if node.value is not None and node.value is not True and node.map != {}:
            self._findings.error(where, f"{key!r} takes nothing, not {node.kind}")

    def _ours(self, key: str, where: Where) -> None:
        self._findings.warn(where, f"Artillery does not know the step {key!r}; it is ours")


def _can_be_sent(code: int) -> bool:
    """Whether an endpoint may put the code into a close frame (RFC 6455, section 7.4, and its registry)."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def read_jitter(node: Node, findings: Findings) -> Jitter:
    """`config.defaults.think.jitter`: `20%`, a number of milliseconds, or a duration such as `200ms`."""
    text = scalar_text(node)
    share = None if text is None else re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", text)
    if share is not None:
        return Jitter(min(float(share[1]) / 100, 1.0))
    number = number_of(node)
    if number is not None and number >= 0:
        return Jitter(number / 1000, is_share=False)
    amount_s = duration_of(node, "'jitter'", node.where, findings)
    return Jitter() if amount_s is None else Jitter(amount_s, is_share=False)
