"""An Artillery script as a plan, with everything that is wrong with it told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from wavetank.errors import Problem, ScriptError, Where
from wavetank.plan.arrivals import duration_s
from wavetank.plan.artillery.config.ensure import Ensuring
from wavetank.plan.artillery.config.feeders import read_feeders
from wavetank.plan.artillery.config.functions import find_processor, processor_place, skeleton
from wavetank.plan.artillery.config.measure import read_measure
from wavetank.plan.artillery.config.phases import read_phases
from wavetank.plan.artillery.config.pushes import read_pushes
from wavetank.plan.artillery.config.settings import (
    read_config,
    read_connection,
    read_defaults,
    read_reply_timeout,
    read_target,
    read_variables,
)
from wavetank.plan.artillery.findings import Findings, suggestion
from wavetank.plan.artillery.merging import entry
from wavetank.plan.artillery.preparing import Choices, prepare
from wavetank.plan.artillery.scenario.expectations import first_name
from wavetank.plan.artillery.scenario.scenarios import ScenarioReader, select_scenario
from wavetank.plan.artillery.scope import Call, Scope
from wavetank.plan.artillery.text.source import read_source
from wavetank.plan.model import Plan
from wavetank.plan.payload import Payload
from wavetank.plan.phases import Phase, Population
from wavetank.plan.python.scenario import PythonScenario
from wavetank.plan.scenario import Scenario
from wavetank.plan.steps import Rendezvous, every_step
from wavetank.plan.template import NOW

_BUILT_IN = (
    "target",
    "$environment",
    "$env",
    "$processEnvironment",
    "$testId",
    "$uuid",
    "$dirname",
    "$scenarioFile",
    "$loopCount",
    "$loopElement",
    NOW,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A plan, and the places where Artillery would not do what it says, in the order of the lines."""

    plan: Plan
    warnings: tuple[Problem, ...]


def read_script(
    path: Path,
    *,
    environment: str | None = None,
    target: str | None = None,
    variables: Mapping[str, object] | None = None,
    overrides: Mapping[str, object] | None = None,
    scenario: str | None = None,
    seed: int = 0,
    env: Mapping[str, str] | None = None,
    test_id: str | None = None,
) -> Reading:
    """Reads an Artillery script (.yml, .yaml, .json) as a plan, and tells where Artillery would behave differently.

    The options are those of the command line: `environment` (-e) is laid over config, `target` (-t) replaces
    its target, `overrides` are laid over the whole script, `variables` (-v) go into `config.variables`;
    `scenario` is the name of, or a regular expression for, the one scenario to keep. `env` is what `$env`
    stands for, and `test_id` what `$testId` does.

    Raises ScriptError with every problem that the script has.
    """
    choices = Choices(
        environment=environment,
        target=target,
        variables=variables or {},
        overrides=overrides or {},
        scenario=scenario,
        seed=seed,
        env=env or {},
        test_id=test_id,
    )
    script = _Script(path, choices)
    plan = script.read()
    return Reading(plan, tuple(sorted(set(script.findings.warnings))))


@dataclass(frozen=True, slots=True)
class Stub:
    """The beginning of a processor, and the place where the script looks for one (None if it names none)."""

    text: str
    path: Path | None


def processor_skeleton(path: Path, *, environment: str | None = None, env: Mapping[str, str] | None = None) -> Stub:
    """A Python file with a function for each one that the script names, whatever else may be wrong with it.

    Raises ScriptError if the file cannot be read at all, or if it names no function.
    """
    script = _Script(path, Choices(environment=environment, variables={}, overrides={}, env=env or {}))
    script.scan()
    if not script.calls:
        raise ScriptError([Problem(Where(str(path)), "the script names no function")])
    return Stub(skeleton(script.calls, path.name), script.place)


class _Script:
    """One reading of one script, from the top of the file to the plan."""

    def __init__(self, path: Path, choices: Choices) -> None:
        self.findings = Findings()
        self.calls: list[Call] = []
        self.place: Path | None = None
        self._path = path
        self._choices = choices

    def read(self) -> Plan:
        """The plan. Raises ScriptError with all that is wrong."""
        plan = self.scan()
        self.findings.raise_errors()
        return plan

    def scan(self) -> Plan:
        """The plan as far as it can be read, and `findings`. Raises ScriptError for what is no script."""
        findings, choices, path = self.findings, self._choices, self._path
        root = read_source(path)
        if root.map is None:
            findings.error(root.where, f"the script must be a map with config and scenarios, not {root.kind}")
            findings.raise_errors()
        prepared = prepare(root, path, choices, findings)
        top = prepared.top
        config = read_config(prepared.config, findings)
        strict = config.flag("strict") is not False
        variables = read_variables(config.get("variables"), findings)
        scope = Scope(findings=findings, folder=path.parent, jitter=read_defaults(config, findings), calls=self.calls)
        connection, node_options = read_connection(config, scope)
        scope = replace(scope, connection=connection, node_options=node_options)
        engine = config.text("engine")
        reader = ScenarioReader(scope, engine, variables)
        before = reader.hook(entry(top, "before"), "before")
        after = reader.hook(entry(top, "after"), "after")
        scenarios = reader.read(entry(top, "scenarios"), top)
        if choices.scenario is not None and scenarios:
            scenarios = select_scenario(scenarios, choices.scenario, top, findings)
        payloads = read_feeders(config.get("payload"), path.parent, findings)
        named = config.text("processor")
        self.place = processor_place(named, path.parent)
        processor = find_processor(named, config.place("processor"), path.parent, self.calls, findings)
        if strict and "processor" not in config and not self.calls:
            self._check_reads(scope, variables, payloads)
        phases = read_phases(config.get("phases"), config.get("mode"), findings)
        try:
            planned_s = duration_s(phases)
        except ValueError as error:
            findings.error(config.place("phases"), str(error).rstrip("."))
            planned_s = inf
        _check_rendezvous(phases, scenarios, findings)
        measures_own = bool(self.calls) or any(isinstance(each, PythonScenario) for each in scenarios)
        ensuring = Ensuring(findings, custom=measures_own, planned_s=planned_s)
        for node in (config.get("ensure"), entry(config.get("plugins"), "ensure")):
            if node is not None:
                ensuring.read_ensure(node)
        ensuring.read_targets(config.list("targets") or ())
        return Plan(
            name=path.stem,
            target=read_target(config, choices.environment, prepared.environments, findings),
            phases=phases,
            scenarios=scenarios,
            variables=variables,
            payloads=payloads,
            processor=processor,
            script=path,
            environment=choices.environment,
            before=before,
            after=after,
            connection=connection,
            reply_timeout_s=read_reply_timeout(config, findings),
            strict=strict,
            thresholds=tuple(ensuring.thresholds),
            conditions=tuple(ensuring.conditions),
            headline=config.text("headline"),
            push=read_pushes(config.get("push"), scope),
            lifecycle=tuple(reader.lifecycle),
            measure=read_measure(config.get("measure"), phases, planned_s, findings),
            seed=choices.seed,
        )

    def _check_reads(self, scope: Scope, variables: Mapping[str, object], payloads: tuple[Payload, ...]) -> None:
        """Notes variables that nothing ever sets: no function is there that might."""
        known = {*_BUILT_IN, *scope.writes, *map(first_name, variables)}
        for payload in payloads:
            known.update(map(first_name, payload.fields))
            if payload.name is not None:
                known.add(first_name(payload.name))
        for read in sorted(set(scope.reads)):
            if read.name not in known:
                self.findings.error(
                    read.where, f"the variable {read.name!r} is set nowhere", suggestion(read.name, known)
                )


def _check_rendezvous(phases: tuple[Phase, ...], scenarios: tuple[Scenario, ...], findings: Findings) -> None:
    """A rendezvous waits for every planned arrival, and a held population plans none."""
    if not any(isinstance(phase, Population) for phase in phases):
        return
    for scenario in scenarios:
        for step in every_step(scenario.steps):
            if isinstance(step, Rendezvous):
                findings.error(
                    step.where, "'rendezvous' cannot know how many users a held population has", "use arrivalCount"
                )
