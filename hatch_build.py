"""Compiles the hot modules into the wheel where `WAVETANK_COMPILE=1` asks for it.

They are ordinary Python, typed, and run as such everywhere else; `mypyc` makes C of them, so a C compiler is needed.
Which they are stands in pyproject.toml. A wheel without them is the same in all but speed.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_ASKED_FOR = os.environ.get("WAVETANK_COMPILE", "") not in ("", "0")
_COMPILER = ["mypy>=1.13", "setuptools>=70", "types-PyYAML>=6.0"]


class CompileHotModules(BuildHookInterface[Any]):
    """The hook of the wheel. An editable install stays as it is: compiled code there would hide every later change."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """The compiler looks at the types of what the modules import, too."""
        return [*_COMPILER, *self.metadata.core.dependencies] if _ASKED_FOR else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is put together."""
        if not _ASKED_FOR or version == "editable":
            return
        folder = Path(tempfile.mkdtemp(prefix="wavetank-compiled-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)  # only then has the wheel taken the files from there
        build_data["force_include"].update(
            {str(made): str(made.relative_to(folder / "out")) for made in _compiled(self.config["modules"], folder)}
        )
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def _compiled(modules: list[str], folder: Path) -> list[Path]:
    """The extension modules made of the sources, below `folder`/out.

    Raises what setuptools raises where there is no C compiler, and SystemExit where a type is wrong.
    """
    from mypyc.build import mypycify
    from setuptools import Distribution

    shutil.copytree("src/wavetank", folder / "wavetank", ignore=shutil.ignore_patterns("__pycache__"))
    with chdir(folder):  # mypyc writes its C beside itself, and finds packages from where it stands
        options = ["--config-file=", "--ignore-missing-imports", *(f"wavetank/{module}.py" for module in modules)]
        extensions = mypycify(options, opt_level="3", debug_level="1")
        command = Distribution({"name": "wavetank", "ext_modules": extensions}).get_command_obj("build_ext")
        command.build_lib = "out"
        command.build_temp = "objects"
        command.ensure_finalized()
        command.run()
    return sorted(path for path in (folder / "out").rglob("*") if path.suffix in (".so", ".pyd"))
