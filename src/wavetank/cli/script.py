"""What a verb was given to run: an Artillery script, or a Python module with scenarios."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import ModuleType

import click

from wavetank.plan.artillery import Reading, read_script
from wavetank.plan.python.script import load_script, plan_of_script


class Script:
    """A script with the options that change it. A name that ends in `.py` is Python's, any other Artillery's."""

    def __init__(
        self,
        path: Path,
        *,
        environment: str | None = None,
        variables: Mapping[str, object] | None = None,
        overrides: Mapping[str, object] | None = None,
        scenario: str | None = None,
        seed: int = 0,
    ) -> None:
        """Raises click.UsageError for an option that this kind of script has no use for."""
        self._path = path
        self._environment = environment
        self._variables = variables
        self._overrides = overrides
        self._scenario = scenario
        self._seed = seed
        self._is_python = path.suffix.lower() == ".py"
        for option, value in (("-e/--environment", environment), ("--overrides", overrides)):
            if self._is_python and value:
                raise click.UsageError(f"{option} is for Artillery scripts, and {path} is Python")

    def read(self, target: str | None) -> Reading:
        """The plan, against `target` if there is one, else against the script's own. Raises ScriptError."""
        if self._is_python:
            plan = plan_of_script(
                self._module,
                self._path,
                target=target,
                variables=self._variables,
                scenario=self._scenario,
                seed=self._seed,
            )
            return Reading(plan, ())
        return read_script(
            self._path,
            environment=self._environment,
            target=target,
            variables=self._variables,
            overrides=self._overrides,
            scenario=self._scenario,
            seed=self._seed,
            env=os.environ,
        )

    @cached_property
    def _module(self) -> ModuleType:
        """Run once, however often the plan is read."""
        folder = str(self._path.absolute().parent)
        if folder not in sys.path:  # as for any script that Python runs: its imports start at its folder, also later on
            sys.path.insert(0, folder)
        return load_script(self._path)
