"""The work that every peer is given."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.peers.work import Work
from hypothesis import given
from hypothesis import strategies as st

_LENGTHS = st.floats(min_value=0.1, max_value=1000)


def test_what_is_left_in_a_folder_is_what_is_read_there(tmp_path: Path) -> None:
    work = Work(7, 2.5, think_s=4.0, payload='{"type":"ping","text":"é"}', connect_s=3.0, workers=2)
    assert work.write(tmp_path).parent == tmp_path
    assert Work.read(tmp_path) == work


def test_a_folder_in_which_no_work_was_done_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"work\.json"):
        Work.read(tmp_path)


@given(_LENGTHS, _LENGTHS)
def test_the_last_connection_is_begun_before_the_seconds_that_count(connect_s: float, seconds: float) -> None:
    work = Work(1, seconds, connect_s=connect_s)
    assert 0 < work.opening_s < connect_s < work.length_s
