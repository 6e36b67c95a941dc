from __future__ import annotations

from wavetank.execution.blockers import blocked_ns, blockers, told
from wavetank.metrics.health import Blocked

MS = 1_000_000


def test_the_lines_of_a_function_are_put_together_under_the_one_that_took_longest() -> None:
    places = {
        "burn() (x.py:3)": Blocked(2, 120 * MS, 70 * MS),
        "burn() (x.py:4)": Blocked(3, 240 * MS, 90 * MS),
        "wait() (x.py:9)": Blocked(1, 300 * MS, 300 * MS),
    }
    assert blockers(places) == [
        ("burn() (x.py:4)", Blocked(5, 360 * MS, 90 * MS)),
        ("wait() (x.py:9)", Blocked(1, 300 * MS, 300 * MS)),
    ]
    assert blocked_ns(places) == 660 * MS


def test_functions_that_matter_are_told_and_others_not() -> None:
    found = [
        ("a() (x.py:1)", Blocked(9, 1234 * MS, 290 * MS)),
        ("other", Blocked(1, 500 * MS, 500 * MS)),
        ("b() (x.py:5)", Blocked(1, 90 * MS, 90 * MS)),
    ]
    assert told(found) == (
        "by a() (x.py:1) for 1.2 s in 9 standstills, the longest 0.29 s, and "
        "by other functions for 0.50 s in 1 standstill, the longest 0.50 s"
    )
