"""`config.measure`, which is ours: the part of the run that thresholds and figures are about."""

from __future__ import annotations

from collections.abc import Sequence

from wavetank.plan.artillery.fields import Fields, scalar_text
from wavetank.plan.artillery.findings import Findings, listing
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.durations import format_seconds
from wavetank.plan.measure import Measure
from wavetank.plan.phases import Phase

_TIMES = ("from", "to")
_NAMES = ("phase", "phases")


def read_measure(node: Node | None, phases: Sequence[Phase], duration_s: float, findings: Findings) -> Measure | None:
    """What is measured; None: the whole run, or a mistake that is noted. `duration_s` is that of all phases."""
    if node is None:
        return None
    fields = Fields(node, "'measure'", (*_TIMES, *_NAMES), findings)
    if node.map is None:
        return None
    times, names = fields.present(*_TIMES), fields.present(*_NAMES)
    given = [*times, *names]
    if not given and not node.map.keys() - {*_TIMES, *_NAMES}:
        findings.error(node.where, "'measure' does not say what is measured", "give from and to, phase, or phases")
        return None
    if not given:
        return None
    if len(names) > 1 or (times and names):
        clash = min(fields.place(key) for key in given)
        findings.error(clash, f"{listing(given)} stand in one 'measure'", "give from and to, phase, or phases")
        return None
    if names:
        return _by_phases(fields, phases, findings)
    return _by_times(fields, duration_s, findings)


def _by_times(fields: Fields, duration_s: float, findings: Findings) -> Measure | None:
    from_s = fields.duration("from") if "from" in fields else 0.0
    to_s = fields.duration("to")
    if from_s is None or (to_s is None and "to" in fields):
        return None
    if to_s is not None and to_s <= from_s:
        findings.error(
            fields.place("to"),
            f"'measure' ends at {format_seconds(to_s)}, which is not after its begin at {format_seconds(from_s)}",
            "both count from the run's start",
        )
        return None
    if from_s >= duration_s:
        findings.warn(
            fields.place("from"),
            f"'measure' begins at {format_seconds(from_s)}, and the last phase ends at {format_seconds(duration_s)}: "
            "there may be nothing left to measure",
        )
    elif to_s is not None and to_s > duration_s:
        findings.warn(
            fields.place("to"),
            f"'measure' ends at {format_seconds(to_s)}, and the last phase ends at {format_seconds(duration_s)}: "
            "what users still do after it is measured too",
        )
    return Measure(from_s=from_s, to_s=to_s)


def _by_phases(fields: Fields, phases: Sequence[Phase], findings: Findings) -> Measure | None:
    known = list(dict.fromkeys(phase.name for phase in phases))
    single = fields.get("phase")
    nodes = fields.list("phases") if single is None else (single,)
    if nodes is None:
        return None
    if not nodes:
        findings.error(fields.place("phases"), "'phases' of 'measure' is empty", "name a phase")
        return None
    wanted: list[str] = []
    for node in nodes:
        name = scalar_text(node)
        if name is None:
            findings.error(node.where, f"'measure' takes names of phases, and {node.kind} is none")
        elif name not in known:
            findings.unknown(node.where, "phase", name, known, " in 'measure'")
        elif all(phase.duration_s == 0 for phase in phases if phase.name == name):
            findings.error(
                node.where, f"the phase {name!r} has a duration of 0, in which nothing can be measured", "give from"
            )
        else:
            wanted.append(name)
    return Measure(phases=tuple(dict.fromkeys(wanted))) if len(wanted) == len(nodes) else None
