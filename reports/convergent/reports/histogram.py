"""How the error ratios of a variant are spread: counts on a logarithmic scale around the limit 1.

>>> found = histogram("torch", [0.0, 0.5, 2.0])
>>> found.zero, found.above, sum(found.counts)
(1, 1, 2)
"""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Iterable

from convergent.cases.record import record

DECADES = 4
PER_DECADE = 4
EDGES = tuple(
    10.0 ** (i / PER_DECADE) for i in range(-DECADES * PER_DECADE, DECADES * PER_DECADE + 1)
)
"""Lower edges of all bins but the first, which holds everything smaller; 1 is among them."""
WIDTH = 12
HEIGHT = 56
SPAN = (len(EDGES) + 1) * WIDTH
LIMIT_AT = (1 + DECADES * PER_DECADE) * WIDTH


@record
class Bar:
    """One bin as it is drawn; the origin is the upper left corner."""

    x: int
    y: float
    height: float
    beyond: bool  # the limit
    label: str


@record
class Histogram:
    """The ratios of one variant: ``zero`` counts the exact ones, which no logarithm can place."""

    variant: str
    zero: int
    above: int  # larger than the limit
    median: float | None  # of those that are not zero
    counts: tuple[int, ...]

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The bars of all bins that hold something; the tallest is as high as the drawing."""
        tallest = max(self.counts, default=0)
        drawn = []
        for place, count in enumerate(self.counts):
            if count:
                height = max(2.0, round((HEIGHT - 2) * count / tallest, 1))
                drawn.append(
                    Bar(
                        x=place * WIDTH,
                        y=HEIGHT - height,
                        height=height,
                        beyond=place > DECADES * PER_DECADE,
                        label=f"{_span(place)}: {count:,}",
                    )
                )
        return tuple(drawn)


def histogram(variant: str, ratios: Iterable[float]) -> Histogram:
    """Count ``ratios``; the limit itself belongs to the bin below it, for it is still allowed."""
    ratios = list(ratios)
    placed = sorted(ratio for ratio in ratios if ratio > 0)
    counts = [0] * (len(EDGES) + 1)
    for ratio in placed:
        counts[bisect.bisect_left(EDGES, ratio)] += 1
    return Histogram(
        variant=variant,
        zero=len(ratios) - len(placed),
        above=sum(ratio > 1 for ratio in placed),
        median=statistics.median(placed) if placed else None,
        counts=tuple(counts),
    )


def _span(place: int) -> str:
    if place == 0:
        return f"up to {EDGES[0]:.2g}"
    if place == len(EDGES):
        return f"above {EDGES[-1]:.2g}"
    return f"{EDGES[place - 1]:.2g} to {EDGES[place]:.2g}"
