"""Which random case comes next: the candidate that shows most of what has been seen least.

A case is described by words: its features, its levels, and how large it is in powers of two. Of
a few candidates (fresh, mutated or spliced from the corpus) the one whose pairs of words are the
rarest is drawn. Cases that reached something new are the corpus.

The sequence is a function of the seed and of what was counted and kept, in that order.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Callable

from convergent.cases import fuzzing
from convergent.cases.case import Case
from convergent.cases.errors import NothingLeft
from convergent.cases.factors import levels
from convergent.cases.features import features
from convergent.cases.fuzzing import Space

CANDIDATES = 6
_FRESH = 0.4
_SPLICED = 0.15  # the rest is mutated
_BARREN = 0.1  # of the cases without a product are candidates
_MOST_REFUSED = 5_000
_LEVELS = ("input", "kernel", "stride", "dilation", "padding", "channels", "groups", "data")

Pair = tuple[str, str]


@functools.lru_cache(maxsize=4096)
def words(case: Case) -> tuple[str, ...]:
    """Return the words that describe ``case``, sorted.

    >>> from convergent.cases.text import parse
    >>> [word for word in words(parse("conv1d:i9_c17_k3_o2")) if "~" in word]
    ['in~16', 'out~2', 'taps~2', 'width~8']
    """
    found = levels(case)
    sizes = {
        "in": case.in_channels // case.groups,
        "out": case.out_channels // case.groups,
        "taps": math.prod(case.kernel),
        "width": case.input[-1],
    }
    large = (
        f"{name}~{1 << (size.bit_length() - 1) if size else 0}" for name, size in sizes.items()
    )
    return tuple(sorted([*features(case), *(f"{n}={found[n]}" for n in _LEVELS), *large]))


def pairs(case: Case) -> Iterator[Pair]:
    """Yield every pair of words of ``case``."""
    return itertools.combinations(words(case), 2)


class Steering:
    """Draws cases from a space, away from what was counted before.

    ``accept`` says whether a case is worth drawing at all. ``corpus`` holds the cases that were
    kept, each with why; ``tried`` the lines of all that were counted.
    """

    def __init__(
        self, seed: int, space: Space | None = None, accept: Callable[[Case], bool] | None = None
    ) -> None:
        self.corpus: dict[Case, str] = {}
        self.tried: set[str] = set()
        self.seen: Counter[Pair] = Counter()
        self._seed, self._space, self._accept = seed, space or Space(), accept
        self._parents: list[Case] = []

    def draw(self) -> Case:
        """Return a case that was not tried yet, and count it.

        Raises ``NothingLeft`` if what is accepted is so little that none is found.
        """
        rng = Random(f"{self._seed}/{len(self.tried)}")  # noqa: S311 - it is no secret
        found: list[Case] = []
        refused = 0
        while len(found) < CANDIDATES:
            case = self._candidate(rng)
            if self._wants(case, rng):
                found.append(case)
                continue
            refused += 1
            if refused > _MOST_REFUSED:
                break
        if not found:
            raise NothingLeft(
                f"none of {refused:,} random cases is what was asked for; "
                "loosen --op, --method, --dtype or -k"
            )
        best = max(found, key=self._rarity)
        self.count(best)
        return best

    def count(self, case: Case) -> bool:
        """Book a case as tried, keep it if a pair of its words is new, and say whether it was new.

        A case that is booked already changes nothing.
        """
        line = str(case)
        if line in self.tried:
            return False
        self.tried.add(line)
        new = [pair for pair in pairs(case) if pair not in self.seen]
        self.seen.update(pairs(case))
        if new:
            more = f" and {len(new) - 1} more" if len(new) > 1 else ""
            self.keep(case, f"{' with '.join(new[0])}{more}")
        return True

    def keep(self, case: Case, why: str) -> None:
        """Take ``case`` into the corpus: others will be made from it."""
        if case not in self.corpus:
            self.corpus[case] = why
            self._parents.append(case)

    def _wants(self, case: Case, rng: Random) -> bool:
        if str(case) in self.tried or (self._accept and not self._accept(case)):
            return False
        # Without a product there is little to be wrong, and every pair of words is rare.
        return not _is_barren(case) or rng.random() < _BARREN

    def _rarity(self, case: Case) -> float:
        """Say how rare the pairs of ``case`` are, without liking it for its many words alone."""
        found = [1 / (1 + self.seen[pair]) for pair in pairs(case)]
        return sum(found) / math.sqrt(len(found))

    def _candidate(self, rng: Random) -> Case:
        kind = rng.random()
        if not self._parents or kind < _FRESH:
            return fuzzing.fresh(rng, self._space)
        parent = self._parent(rng)
        if kind < _FRESH + _SPLICED:
            return fuzzing.spliced(rng, parent, rng.choice(self._parents), self._space)
        return fuzzing.mutated(rng, parent, self._space)

    def _parent(self, rng: Random) -> Case:
        """Return a case of the corpus, rather a newer one."""
        count = len(self._parents)
        return self._parents[max(rng.randrange(count), rng.randrange(count))]


def _is_barren(case: Case) -> bool:
    """Say whether no product is summed: an operand is empty, or windows meet padding alone."""
    if "empty" in features(case):
        return True
    axes = zip(case.input, case.kernel, case.stride, case.dilation, case.pads, case.output)
    return any(
        not any(0 <= p * s + t * d - lo < i for p in range(out) for t in range(k))
        for i, k, s, d, (lo, _), out in axes
    )
