"""Wavetank puts a WebSocket server in the wave tank: it sends virtual users at it and measures every reply.

What is named here is loaded when it is asked for: pytest loads the plugin of this package in every run, also where no
load is tested.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wavetank.errors import RunError, ScriptError, UserFailure, WavetankError
    from wavetank.flow.python.backoff import Backoff
    from wavetank.flow.python.connection import Connection
    from wavetank.flow.python.decorators import scenario, setup, teardown
    from wavetank.flow.python.user import User
    from wavetank.library.result import Result
    from wavetank.library.running import run, run_sync
    from wavetank.library.timeline import Timeline
    from wavetank.metrics.thresholds import Bound, Threshold
    from wavetank.metrics.thresholds import threshold_of as threshold
    from wavetank.plan.model import Plan
    from wavetank.plan.phases import Count, Pause, Population, Ramp, Rate
    from wavetank.plan.python.codec import Codec
    from wavetank.plan.python.feeder import csv
    from wavetank.plan.python.lifecycle import Shared
    from wavetank.plan.python.pushes import pushes
    from wavetank.plan.scenario import Scenario

__all__ = [
    "Backoff",
    "Bound",
    "Codec",
    "Connection",
    "Count",
    "Pause",
    "Plan",
    "Population",
    "Ramp",
    "Rate",
    "Result",
    "RunError",
    "Scenario",
    "ScriptError",
    "Shared",
    "Threshold",
    "Timeline",
    "User",
    "UserFailure",
    "WavetankError",
    "csv",
    "pushes",
    "run",
    "run_sync",
    "scenario",
    "setup",
    "teardown",
    "threshold",
]

_HOMES = MappingProxyType(
    {
        "Backoff": ("flow.python.backoff", "Backoff"),
        "Bound": ("metrics.thresholds", "Bound"),
        "Codec": ("plan.python.codec", "Codec"),
        "Connection": ("flow.python.connection", "Connection"),
        "Count": ("plan.phases", "Count"),
        "Pause": ("plan.phases", "Pause"),
        "Plan": ("plan.model", "Plan"),
        "Population": ("plan.phases", "Population"),
        "Ramp": ("plan.phases", "Ramp"),
        "Rate": ("plan.phases", "Rate"),
        "Result": ("library.result", "Result"),
        "RunError": ("errors", "RunError"),
        "Scenario": ("plan.scenario", "Scenario"),
        "ScriptError": ("errors", "ScriptError"),
        "Shared": ("plan.python.lifecycle", "Shared"),
        "Threshold": ("metrics.thresholds", "Threshold"),
        "Timeline": ("library.timeline", "Timeline"),
        "User": ("flow.python.user", "User"),
        "UserFailure": ("errors", "UserFailure"),
        "WavetankError": ("errors", "WavetankError"),
        "csv": ("plan.python.feeder", "csv"),
        "pushes": ("plan.python.pushes", "pushes"),
        "run": ("library.running", "run"),
        "run_sync": ("library.running", "run_sync"),
        "scenario": ("flow.python.decorators", "scenario"),
        "setup": ("flow.python.decorators", "setup"),
        "teardown": ("flow.python.decorators", "teardown"),
        "threshold": ("metrics.thresholds", "threshold_of"),
    }
)
"""Where each name is defined: the module below `wavetank`, and the name that it has there."""


def __getattr__(name: str) -> object:
    """A public name, loaded now (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, original = _HOMES[name]
    value = getattr(import_module(f"{__name__}.{module}"), original)
    globals()[name] = value  # the next time, nobody has to ask
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
