"""The garbage collector is kept out of what is measured, and given back as it was."""

from __future__ import annotations

import gc

from wavetank.engine.collector import RareCollections


def test_collections_are_rare_in_between_and_as_they_were_afterwards() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    collections = RareCollections()
    collections.begin()
    collections.begin()
    assert gc.get_threshold() > before
    assert gc.get_freeze_count() > frozen
    assert gc.isenabled()
    collections.end()
    collections.end()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
