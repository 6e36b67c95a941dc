from __future__ import annotations

from collections.abc import Iterator

import pytest

from wavetank.target.embedded import EmbeddedTarget


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The reference target, at its `/ws`."""
    with EmbeddedTarget() as target:
        yield target.url
