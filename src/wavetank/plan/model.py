"""The plan: a validated, immutable description of a run, read from a script or made in Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wavetank.metrics.thresholds import Condition, Threshold
from wavetank.plan.measure import Measure
from wavetank.plan.payload import Payload
from wavetank.plan.phases import Phase
from wavetank.plan.pushes import PushRules
from wavetank.plan.python.lifecycle import Lifecycle
from wavetank.plan.python.scenario import PythonScenario
from wavetank.plan.scenario import Scenario
from wavetank.plan.steps import ConnectionOptions, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a worker has to know.

    `variables`: a list means that each user draws one of its elements. `processor` is the Python file with the
    functions that steps name. `strict`: a template's missing variable is an error, instead of the text `undefined`.
    `headline` is the message name that the results block is about; None: all messages. `push`: which messages are
    pushes, and what is measured of them. `measure` is the part of the run that its figures are about; None: all
    of it. `lifecycle` is what a script in Python does before and after its users.

    A script in Python may leave out what it does not want to say: name, target and scenarios are then those of the
    script and of the command line, and without phases there is one user.
    """

    name: str = ""
    target: str = ""
    phases: tuple[Phase, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)
    payloads: tuple[Payload, ...] = ()
    processor: Path | None = None
    script: Path | None = None
    environment: str | None = None
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    connection: ConnectionOptions = field(default_factory=ConnectionOptions)
    reply_timeout_s: float = 10.0
    strict: bool = True
    thresholds: tuple[Threshold, ...] = ()
    conditions: tuple[Condition, ...] = ()
    headline: str | None = None
    measure: Measure | None = None
    push: PushRules | None = None
    lifecycle: tuple[Lifecycle, ...] = ()
    seed: int = 0

    @property
    def runs_own_code(self) -> bool:
        """Whether users run code of the script's author, which may measure what it likes, and may block."""
        return self.processor is not None or any(isinstance(each, PythonScenario) for each in self.scenarios)
