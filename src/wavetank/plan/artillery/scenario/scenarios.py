"""`scenarios`, and the hooks `before` and `after`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from wavetank.plan.artillery.fields import Fields, number_of
from wavetank.plan.artillery.findings import Findings, suggestion
from wavetank.plan.artillery.scenario.steps import HTTP_STEPS, FlowReader
from wavetank.plan.artillery.scope import Call, Scope
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.python.lifecycle import Lifecycle
from wavetank.plan.python.script import scenario_in
from wavetank.plan.scenario import Scenario, scenarios_called
from wavetank.plan.steps import WEBSOCKET_STEPS, Connect, Function, Step, every_step

_HOOKS = ("beforeScenario", "afterScenario")
_HTTP_HOOKS = ("beforeRequest", "afterResponse", "onError")
_KNOWN = ("name", "engine", "weight", "flow", *_HOOKS, *_HTTP_HOOKS)
_HOOK_STEPS = ("function", "log", "think")


class ScenarioReader:
    """Reads scenarios. `engine` is `config.engine`; `filled` fills in the template of a weight."""

    def __init__(self, scope: Scope, engine: str | None, variables: Mapping[str, object]) -> None:
        self._scope = scope
        self._findings = scope.findings
        self._engine = engine
        self._variables = variables
        self.lifecycle: list[Lifecycle] = []
        """What the Python files of scenarios do before and after their users."""

    def read(self, node: Node | None, root: Node) -> tuple[Scenario, ...]:
        """The scenarios of a script that can be read."""
        if node is None:
            self._findings.error(root.where, "the script has no scenarios")
            return ()
        if node.items is None:
            self._findings.error(root.place("scenarios"), f"'scenarios' must be a list, not {node.kind}")
            return ()
        if not node.items:
            self._findings.error(root.place("scenarios"), "the script has no scenarios")
        before = len(self._findings.errors)
        found = [self._scenario(element, index) for index, element in enumerate(node.items)]
        scenarios = tuple(scenario for scenario in found if scenario is not None)
        if len(self._findings.errors) == before and scenarios:
            if not any(scenario.weight for scenario in scenarios):
                self._findings.error(
                    root.place("scenarios"), "the weights of all scenarios are 0, so none can be drawn"
                )
            names = [scenario.name for scenario in scenarios]
            for name in sorted({name for name in names if names.count(name) > 1}):
                self._findings.warn(root.place("scenarios"), f"{names.count(name)} scenarios are called {name!r}")
        return scenarios

    def hook(self, node: Node | None, key: str) -> tuple[Step, ...]:
        """The steps of `before` or `after`, which are run once, without a connection."""
        if node is None:
            return ()
        fields = Fields(node, f"{key!r}", ("engine", "flow", "name"), self._findings)
        engine = fields.text("engine")
        if engine is not None and engine not in ("ws", "websocket"):
            self._findings.error(
                fields.place("engine"),
                f"{key!r} runs on the engine {engine!r}, which is not supported",
                "do its work in a function of the processor, and leave the engine out",
            )
            return ()
        flow = fields.get("flow")
        if flow is None:
            if node.map is not None:
                self._findings.error(node.where, f"{key!r} has no flow")
            return ()
        return FlowReader(self._scope, _HOOK_STEPS).read(flow)

    def _scenario(self, node: Node, index: int) -> Scenario | None:
        what = "the scenario"
        fields = Fields(node, what, _KNOWN, self._findings)
        if node.map is None:
            if node.value is None:
                self._findings.error(node.where, "the scenario is empty")
            return None
        name = fields.text("name")
        weight = self._weight(fields)
        for key in fields.present(*_HTTP_HOOKS):
            self._findings.warn(
                fields.place(key), f"{key!r} belongs to Artillery's HTTP engine, and has no meaning here"
            )
        flow = fields.get("flow")
        if not self._is_websocket(fields, flow):
            return None
        if flow is None:
            self._findings.error(node.where, "the scenario has no flow")
            return None
        if flow.text is not None and ".py:" in flow.text:
            return self._in_python(flow, name, weight, fields)
        steps = FlowReader(self._scope).read(flow)
        first = next((step for step in every_step(steps) if isinstance(step, WEBSOCKET_STEPS)), None)
        if not isinstance(first, Connect):
            # Artillery opens the connection before the first step; functions may count on it.
            steps = (Connect(where=flow.where), *steps)
        before, after = (tuple(self._hook_functions(fields, key)) for key in _HOOKS)
        return Scenario(name=name or str(index), steps=(*before, *steps, *after), weight=weight)

    def _in_python(self, flow: Node, name: str | None, weight: int, fields: Fields) -> Scenario | None:
        """The scenario that a flow such as `users.py:agent` names. The path starts at the script."""
        file, _, function = str(flow.text).rpartition(":")
        for key in fields.present(*_HOOKS):
            self._findings.error(fields.place(key), f"{key!r} has no meaning beside a scenario in Python")
        self._findings.warn(flow.where, f"Artillery runs no Python; it knows no flow {flow.text}")
        try:
            scenario, lifecycle = scenario_in(self._scope.folder / file, function)
        except ValueError as error:
            self._findings.error(flow.where, str(error).rstrip("."))
            return None
        self.lifecycle.extend(each for each in lifecycle if each not in self.lifecycle)
        return replace(scenario, name=name or scenario.name, weight=weight if "weight" in fields else scenario.weight)

    def _is_websocket(self, fields: Fields, flow: Node | None) -> bool:
        engine = fields.text("engine")
        if engine is None and "engine" in fields:
            return False
        engine = engine or self._engine
        if engine == "ws":
            return True
        if engine == "websocket":
            if "engine" in fields:
                self._findings.warn(fields.place("engine"), "Artillery knows no engine 'websocket'", "it is called ws")
            return True
        if engine is None and not _has_http_steps(flow):
            self._findings.warn(
                fields.node.where,
                "the scenario has no engine, so Artillery runs it as HTTP; it is read as ws",
                "add engine: ws",
            )
            return True
        if engine is None:
            self._findings.error(
                fields.node.where,
                "the scenario has no engine, so it is HTTP",
                "only engine: ws is supported here",
            )
            return False
        known = (
            suggestion(engine, ["ws"]) if engine not in ("http", "socketio") else "only engine: ws is supported here"
        )
        self._findings.error(fields.place("engine"), f"the engine {engine!r} is not supported", known)
        return False

    def _weight(self, fields: Fields) -> int:
        node = fields.get("weight")
        if node is None:
            return 1
        value = node
        if node.text is not None and "{{" in node.text:
            name = node.text.strip("{} \t")
            filled = self._variables.get(name)
            value = Node(value=filled if isinstance(filled, int | float | str) else None, where=node.where)
        number = number_of(value)
        if number is None or number != int(number) or number < 0:
            self._findings.error(
                fields.place("weight"), f"'weight' of the scenario must be a whole number, not {node.kind}"
            )
            return 1
        return int(number)

    def _hook_functions(self, fields: Fields, key: str) -> Iterator[Step]:
        node = fields.get(key)
        if node is None:
            return
        where = fields.place(key)
        self._findings.warn(where, f"Artillery calls {key!r} in HTTP scenarios only; here it is called")
        for element in node.items if node.items is not None else (node,):
            if not element.text:
                self._findings.error(where, f"{key!r} must name functions of the processor, not {element.kind}")
                continue
            self._scope.calls.append(Call(element.where, element.text))
            yield Function(where=element.where, name=element.text)


def _has_http_steps(flow: Node | None) -> bool:
    steps = flow.items if flow is not None else None
    return any(key in (step.map or {}) for step in steps or () for key in HTTP_STEPS)


def select_scenario(
    scenarios: tuple[Scenario, ...], wanted: str, root: Node, findings: Findings
) -> tuple[Scenario, ...]:
    """The one scenario that a name, or else a regular expression, hits; not to hit just one is a mistake."""
    hits = scenarios_called(scenarios, wanted)
    if len(hits) == 1:
        return hits
    names = ", ".join(dict.fromkeys(scenario.name for scenario in scenarios))
    count = f"{len(hits)} scenarios" if hits else "no scenario"
    findings.error(root.place("scenarios"), f"{wanted!r} hits {count}", f"the scenarios: {names}")
    return scenarios
