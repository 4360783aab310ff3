"""Colours of the matrix: a worst error ratio on a logarithmic scale, told apart at the limit 1."""

from __future__ import annotations

import bisect

EDGES = (0.0, 0.01, 0.1, 0.5, 1.0, 10.0, 1000.0)
"""Upper ends of the shades ``r0`` to ``r6``; ``r7`` is beyond, infinite and not a number."""
WORDS = ("exact", "≤ 0.01", "≤ 0.1", "≤ 0.5", "≤ 1", "≤ 10", "≤ 1000", "more")
NONE = "rx"


def shade(ratio: float | None) -> str:
    """Return the class of a cell whose worst error ratio this is; ``rx`` where there is none.

    >>> shade(0.0), shade(0.5), shade(1.0), shade(1.1), shade(float("inf")), shade(None)
    ('r0', 'r3', 'r4', 'r5', 'r7', 'rx')
    """
    return NONE if ratio is None else f"r{bisect.bisect_left(EDGES, ratio)}"
