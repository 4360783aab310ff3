"""Stride and dilation as slices: a convolution with both is a few plain ones of every n-th place.

Output ``p`` reads ``p * s + t * d`` through tap ``t``. With ``g = gcd(s, d)``, ``p = q + p' d/g``
that is place ``p' s/g + t`` of the image sliced ``q * s :: d``: a plain correlation, of which each
``s/g``-th result is kept. No tap meets a zero that was inserted, which NaN and infinity would turn
into NaN, and what a kernel of dilation 500 does not read costs nothing.

>>> [phase] = phases((2,), (1,), (3,))
>>> phase.image, phase.results, phase.steps
((slice(0, None, 1),), (slice(0, None, 1),), (2,))
>>> [phase.image[0].start for phase in phases((1,), (500,), (2,))]
[0, 1]
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from convergent.cases.record import record


@record
class Phase:
    """Which places of the image some of the results read: ``steps`` apart, they keep a correlation.

    ``image`` and ``results`` hold a slice per spatial axis.
    """

    image: tuple[slice, ...]
    results: tuple[slice, ...]
    steps: tuple[int, ...]

    def kept(self, counts: tuple[int, ...]) -> tuple[slice, ...]:
        """Return which places of the plain correlation are the ``counts`` results."""
        return tuple(slice(0, n * step, step) for n, step in zip(counts, self.steps))


def phases(
    stride: tuple[int, ...], dilation: tuple[int, ...], results: tuple[int, ...]
) -> Iterator[Phase]:
    """Yield the plain correlations that make a strided, dilated one of ``results`` places."""
    steps = tuple(s // math.gcd(s, d) for s, d in zip(stride, dilation))
    apart = tuple(d // math.gcd(s, d) for s, d in zip(stride, dilation))
    for starts in itertools.product(*(range(min(n, a)) for n, a in zip(results, apart))):
        yield Phase(
            image=tuple(slice(q * s, None, d) for q, s, d in zip(starts, stride, dilation)),
            results=tuple(slice(q, None, a) for q, a in zip(starts, apart)),
            steps=steps,
        )
