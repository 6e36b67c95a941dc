"""The functions of a script, loaded for a run."""

from __future__ import annotations

from wavetank.errors import RunError
from wavetank.plan.model import Plan
from wavetank.plan.processor import Processor, load_processor


def processor_of(plan: Plan) -> Processor | None:
    """The plan's processor, None where it has none. Raises RunError where it cannot be loaded."""
    if plan.processor is None:
        return None
    try:
        return load_processor(plan.processor)
    except ValueError as error:
        raise RunError(str(error)) from error
