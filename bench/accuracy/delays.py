"""The distributions that a server draws its delays from."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distribution:
    """`draw` gives one delay in milliseconds; `words` say which in the page."""

    words: str
    draw: Callable[[random.Random], float]


DISTRIBUTIONS = {
    "constant": Distribution("constant, 5 ms", lambda chance: 5.0),
    "uniform": Distribution("uniform, 1 to 20 ms", lambda chance: chance.uniform(1.0, 20.0)),
    "lognormal": Distribution(
        "lognormal, median 5 ms, sigma 0.6", lambda chance: chance.lognormvariate(math.log(5.0), 0.6)
    ),
    "bimodal": Distribution(
        "bimodal, 2 ms or, one in five, 40 ms", lambda chance: 40.0 if chance.random() < 0.2 else 2.0
    ),
}


def delays_ns(name: str, seed: int) -> Iterator[int]:
    """Delays in nanoseconds without end, the same for the same seed. Raises KeyError for an unknown name."""
    draw, chance = DISTRIBUTIONS[name].draw, random.Random(seed)
    while True:
        yield round(draw(chance) * 1e6)
