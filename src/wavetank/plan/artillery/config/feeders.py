"""`config.payload`: the CSV files that users take variables from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from wavetank.plan.artillery.fields import Fields, scalar_text
from wavetank.plan.artillery.findings import Findings, suggestion
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.payload import Payload, read_payload

_KNOWN = (
    "path",
    "fields",
    "order",
    "skipHeader",
    "delimiter",
    "cast",
    "skipEmptyLines",
    "loadAll",
    "name",
    "options",
)
_ORDERS = ("random", "sequence")


def read_feeders(node: Node | None, folder: Path, findings: Findings) -> tuple[Payload, ...]:
    """One payload, or a list of them. Paths are relative to `folder`, the script's."""
    if node is None:
        return ()
    feeders = [_feeder(element, folder, findings) for element in (node.items if node.items is not None else (node,))]
    return tuple(feeder for feeder in feeders if feeder is not None)


def _feeder(node: Node, folder: Path, findings: Findings) -> Payload | None:
    fields = Fields(node, "the payload", _KNOWN, findings)
    before = len(findings.errors)
    path = fields.text("path")
    if path is None:
        if "path" not in fields and node.map is not None:
            findings.error(node.where, "the payload has no path", "name a CSV file")
        return None
    options = fields.get("options")
    if options is not None:
        findings.error(
            fields.place("options"),
            "'options' of csv-parse are not read here",
            "use delimiter, cast, skipHeader and skipEmptyLines of the payload itself",
        )
    names = _names(fields, findings)
    order = _order(fields, findings)
    skip_header = fields.flag("skipHeader")
    delimiter = fields.text("delimiter")
    cast = fields.flag("cast")
    skip_empty_lines = fields.flag("skipEmptyLines")
    load_all = fields.flag("loadAll")
    name = fields.text("name")
    if len(findings.errors) > before:
        return None
    try:
        return read_payload(
            folder / path,
            fields=names,
            order=order,
            skip_header=skip_header or False,
            delimiter=delimiter if delimiter is not None else ",",
            cast=cast is not False,
            skip_empty_lines=skip_empty_lines is not False,
            load_all=load_all or False,
            name=name,
        )
    except ValueError as error:
        findings.error(fields.place("path"), str(error).rstrip("."))
        return None


def _names(fields: Fields, findings: Findings) -> list[str]:
    names: list[str] = []
    for element in fields.list("fields") or ():
        text = scalar_text(element)
        if text is None:
            findings.error(element.where, f"a field of the payload must be a name, not {element.kind}")
        else:
            names.append(text)
    return names


def _order(fields: Fields, findings: Findings) -> Literal["random", "sequence"]:
    order = fields.text("order")
    if order is not None and order not in _ORDERS:
        findings.error(fields.place("order"), f"unknown order {order!r} of the payload", suggestion(order, _ORDERS))
    if order == "sequence":
        findings.warn(
            fields.place("order"),
            "Artillery deals the rows out to its workers, each of which has a sequence of its own; here it is one",
        )
    return "sequence" if order == "sequence" else "random"
