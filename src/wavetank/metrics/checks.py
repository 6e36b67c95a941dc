"""What a scenario checked: how often each check passed, and how often it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wavetank.metrics import names


@dataclass(frozen=True, slots=True)
class CheckCount:
    """How often a check passed and failed."""

    passed: int = 0
    failed: int = 0

    @property
    def pass_rate(self) -> float | None:
        """The share of those that passed, in percent; None where nothing was checked."""
        checked = self.passed + self.failed
        return 100 * self.passed / checked if checked else None

    def __add__(self, other: CheckCount) -> CheckCount:
        return CheckCount(self.passed + other.passed, self.failed + other.failed)


def check_counts(counters: Mapping[str, int]) -> dict[str, CheckCount]:
    """The checks among the counters, each by its name, in the order of the names."""
    counts: dict[str, CheckCount] = {}
    for metric, count in counters.items():
        split = names.split_check(metric)
        if split is None:
            continue
        name, figure = split
        added = CheckCount(passed=count) if figure == names.PASSED else CheckCount(failed=count)
        counts[name] = counts.get(name, CheckCount()) + added
    return dict(sorted(counts.items()))
