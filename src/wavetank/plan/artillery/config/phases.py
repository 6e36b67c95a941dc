"""`config.phases`: who arrives when. `users` and `rampUsersTo` are ours: so many users at once."""

from __future__ import annotations

from wavetank.plan.artillery.fields import Fields
from wavetank.plan.artillery.findings import Findings, listing
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.phases import Count, Pause, Phase, Population, Ramp, Rate

_KNOWN = (
    "name",
    "duration",
    "arrivalRate",
    "rampTo",
    "arrivalCount",
    "maxVusers",
    "pause",
    "mode",
    "users",
    "rampUsersTo",
)
SHAPE_KEYS = ("arrivalRate", "rampTo", "arrivalCount", "users", "rampUsersTo")
_MODES = ("uniform", "poisson")


def read_phases(node: Node | None, mode: Node | None, findings: Findings) -> tuple[Phase, ...]:
    """The phases of a plan; without any, what Artillery does then: one user arrives within a second.

    `mode` is `config.mode`, which counts for the phases that have none of their own.
    """
    poisson = False
    if mode is not None:
        poisson = _poisson(mode, "config.mode", findings)
    if node is None:
        return (_default(),)
    if node.items is None:
        findings.error(node.where, f"config.phases must be a list, not {node.kind}")
        return ()
    phases: list[Phase] = []
    for number, element in enumerate(node.items, start=1):
        phase = _phase(element, number, poisson, findings)
        if phase is not None:
            phases.append(phase)
    return tuple(phases) if node.items else (_default(),)


def _default() -> Phase:
    return Count(name="phase 1", duration_s=1.0, count=1)


def _phase(node: Node, number: int, poisson: bool, findings: Findings) -> Phase | None:
    fields = Fields(node, "the phase", _KNOWN, findings)
    if node.map is None:
        if node.value is None:
            findings.error(node.where, "the phase is empty")
        return None
    name = fields.text("name") or f"phase {number}"
    shape = _shape(fields, findings)
    if shape == "pause":
        pause_s = fields.duration("pause")
        return None if pause_s is None else Pause(name=name, duration_s=pause_s)
    if "mode" in fields:
        own_mode = fields.get("mode")
        assert own_mode is not None
        poisson = _poisson(own_mode, "'mode' of the phase", findings)
        if shape is not None and shape != "rate":
            findings.warn(fields.place("mode"), "'mode' is only read in a phase with a plain arrivalRate")
    max_users = fields.whole("maxVusers", minimum=1)
    if max_users is not None:
        findings.warn(
            fields.place("maxVusers"),
            "Artillery splits maxVusers over its workers, each of which drops users on its own; "
            "here the cap holds over all workers together",
        )
    duration_s = _duration(fields, shape, findings)
    match shape:
        case "rate":
            return _rate(fields, name, duration_s, poisson, max_users, findings)
        case "ramp":
            start_rate = fields.number("arrivalRate") if "arrivalRate" in fields else 0.0
            end_rate = fields.number("rampTo")
            if start_rate is None or end_rate is None or duration_s is None:
                return None
            return Ramp(
                name=name,
                duration_s=duration_s,
                start_rate=start_rate,
                end_rate=end_rate,
                max_users=max_users,
            )
        case "count":
            count = fields.whole("arrivalCount")
            if count is None or duration_s is None:
                return None
            return Count(name=name, duration_s=duration_s, count=count, max_users=max_users)
        case "users":
            return _population(fields, name, duration_s, findings)
    return None


def _shape(fields: Fields, findings: Findings) -> str | None:
    """The load shape that the keys of a phase ask for; None, with a mistake noted, if it is not one shape."""
    keys = {
        "pause": fields.present("pause"),
        "count": fields.present("arrivalCount"),
        "users": fields.present("users", "rampUsersTo"),
        "rate": fields.present("arrivalRate", "rampTo"),
    }
    asked = [shape for shape, present in keys.items() if present]
    if not asked:
        findings.error(
            fields.node.where,
            "the phase does not say who arrives",
            "give arrivalRate, rampTo, arrivalCount, users or pause",
        )
        return None
    if len(asked) > 1:
        names = [key for shape in asked for key in keys[shape]]
        clash = min(fields.place(key) for key in names)
        findings.error(clash, f"{listing(names)} stand in one phase", "choose one of them")
        return None
    if asked == ["rate"] and "rampTo" in fields:
        return "ramp"
    return asked[0]


def _duration(fields: Fields, shape: str | None, findings: Findings) -> float | None:
    node = fields.get("duration")
    if node is None:
        if shape is not None:
            findings.error(fields.node.where, "the phase has no duration", "give it seconds, or a text such as 5m")
        return None
    duration_s = fields.duration("duration")
    if isinstance(node.value, float):
        findings.warn(fields.place("duration"), "Artillery takes no fractions of a second in a duration")
    elif node.text is not None and _is_bare_fraction(node.text):
        findings.warn(fields.place("duration"), f"Artillery reads the text {node.text!r} as milliseconds")
    if duration_s == 0 and shape not in {"count", None}:
        findings.error(fields.place("duration"), "the phase has a duration of 0, in which nobody can arrive")
        return None
    return duration_s


def _is_bare_fraction(text: str) -> bool:
    return "." in text and text.replace(".", "", 1).strip().isdigit()


def _rate(
    fields: Fields,
    name: str,
    duration_s: float | None,
    poisson: bool,
    max_users: int | None,
    findings: Findings,
) -> Phase | None:
    rate = fields.number("arrivalRate")
    if rate is None or duration_s is None:
        return None
    if rate == 0:
        findings.warn(
            fields.place("arrivalRate"),
            "Artillery skips a phase with arrivalRate 0; here it is a pause",
            "use pause",
        )
        return Pause(name=name, duration_s=duration_s)
    return Rate(name=name, duration_s=duration_s, rate=rate, poisson=poisson, max_users=max_users)


def _population(fields: Fields, name: str, duration_s: float | None, findings: Findings) -> Phase | None:
    first = fields.whole("users") if "users" in fields else 0
    last = fields.whole("rampUsersTo") if "rampUsersTo" in fields else first
    key = fields.present("users", "rampUsersTo")[0]
    findings.warn(fields.place(key), f"Artillery does not know {key!r}: a phase with so many users at once is ours")
    if "maxVusers" in fields:
        findings.error(fields.place("maxVusers"), "maxVusers has no meaning beside users", "leave it out")
        return None
    if first is None or last is None or duration_s is None:
        return None
    return Population(name=name, duration_s=duration_s, start_users=first, end_users=last)


def _poisson(node: Node, what: str, findings: Findings) -> bool:
    if node.text not in _MODES:
        findings.error(node.where, f"{what} must be uniform or poisson, not {node.kind}")
    return node.text == "poisson"
