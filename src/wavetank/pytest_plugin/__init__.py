"""The pytest plugin: the fixture `wavetank`, the marker of the same name, and the summary in pytest's report."""

from wavetank.pytest_plugin.fixture import WavetankFixture

__all__ = ["WavetankFixture"]
