"""summary.json: the figures of a run for other programs. `docs/summary.schema.json` describes it."""

from __future__ import annotations

from pathlib import Path

import orjson

from wavetank.execution.folder.folder import write_whole
from wavetank.metrics.summary import Summary

_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY


def summary_json(summary: Summary) -> bytes:
    """The contents of summary.json, pretty-printed, with a newline at the end."""
    return orjson.dumps(summary.to_dict(), option=_OPTIONS)


def write_summary(path: Path, summary: Summary) -> None:
    """Writes summary.json, pretty-printed, whole or not at all. Raises RunError where it cannot be written."""
    write_whole(path, summary_json(summary))
