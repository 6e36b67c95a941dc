"""How Artillery lays one part of a script over another."""

from __future__ import annotations

from collections.abc import Mapping

from wavetank.plan.artillery.text.node import Node


def merge(base: Node, over: Node, *, replace_lists: bool = False) -> Node:
    """`over` laid over `base`: maps key by key, lists element by element (lodash's `merge`) or as a whole.

    Everything keeps the place that it was written in.
    """
    if base.map is not None and over.map is not None:
        entries = dict(base.map)
        for key, value in over.map.items():
            entries[key] = merge(entries[key], value, replace_lists=replace_lists) if key in entries else value
        return Node(value=entries, where=base.where, keys={**base.keys, **over.keys})
    if base.items is not None and over.items is not None and not replace_lists:
        both = zip(base.items, over.items, strict=False)
        merged = [merge(old, new) for old, new in both]
        longer = over.items if len(over.items) > len(base.items) else base.items
        return Node(value=(*merged, *longer[len(merged) :]), where=over.where)
    return over


def without(node: Node, *keys: str) -> Node:
    """A map without some of its keys."""
    entries = {key: value for key, value in (node.map or {}).items() if key not in keys}
    return Node(value=entries, where=node.where, keys=node.keys)


def with_entry(node: Node, key: str, value: Node) -> Node:
    """A map with one entry more, or changed."""
    entries: Mapping[str, Node] = {**(node.map or {}), key: value}
    return Node(value=entries, where=node.where, keys={**node.keys, key: value.where})


def entry(node: Node | None, *path: str) -> Node | None:
    """The value at a path of keys, if there is one."""
    for key in path:
        if node is None or node.map is None:
            return None
        node = node.map.get(key)
    return None if node is None or node.value is None else node
