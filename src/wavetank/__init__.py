"""Wavetank puts a WebSocket server in the wave tank: it sends virtual users at it and measures every reply."""

from wavetank.errors import RunError, ScriptError, UserFailure, WavetankError
from wavetank.plan.model import Plan, Scenario

__all__ = ["Plan", "RunError", "Scenario", "ScriptError", "UserFailure", "WavetankError"]
