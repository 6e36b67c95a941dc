"""Artillery scripts, read as plans."""

from wavetank.plan.artillery.reader import Reading, Stub, processor_skeleton, read_script

__all__ = ["Reading", "Stub", "processor_skeleton", "read_script"]
