from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.metrics.test_snapshot import at, snapshots
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.tally import Tally


@given(st.lists(snapshots, max_size=6))
def test_it_is_the_sum_of_what_was_added_and_no_term_is_touched(terms: list[Snapshot]) -> None:
    before = [term.to_dict() for term in terms]
    tally = Tally()
    for term in terms:
        tally.add(term)
    assert tally.total == Snapshot.total(terms)
    assert [term.to_dict() for term in terms] == before


def test_peaks_are_the_highest_sums_over_the_workers() -> None:
    tally = Tally()
    for snapshot in (at(0, 3, 10), at(1, 3, 5), at(0, 4, 12), at(1, 4, 1)):
        tally.add(snapshot)
    assert tally.peaks == {"vusers.active": 17}
    assert tally.total.start_ns == 2 * 10**9
