"""The cases on which correct implementations are judged: a seeded sample of many kinds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random

from convergent.cases import fuzzing, suites
from convergent.cases.case import DTYPES, Case
from convergent.cases.errors import InvalidCase
from convergent.cases.features import features
from convergent.cases.fuzzing import Space
from convergent.cases.scale import scale

REAL = ("normal", "uniform")
OTHER = ("exact", "subnormal", "tiny", "overflow", "signedzeros", "nonfinite")
SUITES = ("ci", "smoke", "triples", "edge", "sources", "networks")
LONGEST = 100_000
_MOST_MACS = 1 << 15
_OF_SUITES, _LONG, _OTHER = 0.35, 0.25, 0.1
_SEEDS = 10**6
_SCALE = 16


def cases(seed: int) -> Iterator[Case]:
    """Yield cases without end, dtypes by turns: of suites, random ones, and long sums.

    One in ten has other than real data, whose right answers are known to the bit.
    """
    rng = Random(seed)  # noqa: S311 - a sample, no secret
    listed = _listed()
    space = Space(macs=_MOST_MACS)
    seen: set[Case] = set()
    while True:
        for dtype in DTYPES:
            place = rng.random()
            if place < _OF_SUITES:
                case = rng.choice(listed)
            elif place < _OF_SUITES + _LONG:
                case = _long(rng)
            else:
                case = fuzzing.fresh(rng, space)
            case = _plain(case, rng).replace(dtype=dtype)
            if case not in seen and "empty" not in features(case):
                seen.add(case)
                yield case


def _plain(case: Case, rng: Random) -> Case:
    data = rng.choice(OTHER) if rng.random() < _OTHER else rng.choice(REAL)
    return case.replace(
        layout="channels_last", memory="plain", data=data, seed=rng.randrange(_SEEDS)
    )


def _listed() -> list[Case]:
    """Return the small cases of the suites, whatever their data; of networks, a sixteenth."""
    found: dict[Case, None] = {}
    for suite in SUITES:
        for case in suites.load(suite):
            if case.data.startswith("golden") or case.data == "illegal":
                continue
            small = scale(case, _SCALE) if suite == "networks" else case
            plain = small.replace(dtype="float32", data="exact", seed=0)
            plain = plain.replace(layout="channels_last", memory="plain")
            if plain.macs <= _MOST_MACS:
                found[plain] = None
    return list(found)


def _long(rng: Random) -> Case:
    """Draw a convolution with few results and, in one op at least, long sums (1 to 100,000)."""
    terms = max(1, round(math.exp(rng.random() * math.log(LONGEST))))
    taps = rng.choice((1, 3, 5)) if terms >= 5 else 1  # noqa: PLR2004 - as many as there are
    rest = max(1, terms // taps)
    kind = rng.choice(("in", "out", "places"))
    space = {"input": (taps,), "kernel": (taps,)}
    try:
        if kind == "in":
            return Case(**space, in_channels=rest, out_channels=rng.choice((1, 2)))
        if kind == "out":
            return Case(**space, in_channels=rng.choice((1, 2)), out_channels=rest)
        batch = rng.choice((1, 2, 3))
        places = max(1, terms // batch)
        return Case(input=(places + taps - 1,), kernel=(taps,), batch=batch)
    except InvalidCase:  # pragma: no cover - every one of them is a case
        return Case(input=(3,), kernel=(3,))
