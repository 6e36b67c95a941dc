from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.command import CommandLine


@pytest.fixture
def wavetank(tmp_path: Path) -> CommandLine:
    """The command line, with a folder of its own."""
    return CommandLine(tmp_path)
