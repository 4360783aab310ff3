"""Which methods of a variant a case is asked of: those that saw least of its kind, for their cost.

A method's claim on a case is how rarely it met each of the case's features, divided by the mean
time that it takes; so every method gets about the same time, spread over all features.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random

from convergent.backends import registry
from convergent.cases.case import Case
from convergent.cases.features import features
from convergent.harness import plan, relations
from convergent.harness.plan import Selection

CASE_SECONDS = 0.1
"""What a variant spends on one case; one method at least is asked however slow it is."""
MOST_KEYS = 12
_UNKNOWN = 0.005  # seconds that a check is taken to need before any was timed
_LEAST = 0.001
_WEIGHT = 0.3  # of the newest time in the geometric mean, which one slow first call moves little


class Ways:
    """The checks that one variant can be asked of a case, and what each of them has seen."""

    def __init__(self, variant: str, selection: Selection) -> None:
        self.variant = variant
        self._asked = registry.variant(variant)
        self._keys = plan.keys(variant, selection)
        self._seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._seconds: dict[str, float] = {}
        self._typical = _UNKNOWN

    @property
    def pairs(self) -> int:
        """How many pairs of a method and a feature were checked."""
        return sum(map(len, self._seen.values()))

    def possible(self, case: Case) -> list[str]:
        """Return all checks of ``case`` that no declared gap excludes."""
        keys = self._keys(case)
        return [k for k in keys if relations.split(k)[1] or not self._asked.gap(k, case)]

    def choose(self, case: Case) -> list[str]:
        """Return the checks to ask of ``case`` now, in the order of ``possible``."""
        possible = self.possible(case)
        ranked = list(possible)
        Random(str(case)).shuffle(ranked)  # noqa: S311 - of equals, not always the first op's
        ranked.sort(key=lambda key: -self._claim(key, case))
        chosen: set[str] = set()
        left = CASE_SECONDS
        for key in ranked[:MOST_KEYS]:
            left -= self.seconds(key)
            if chosen and left < 0:
                break
            chosen.add(key)
        return [key for key in possible if key in chosen]

    def worth(self, case: Case) -> float:
        """Say how much of ``case`` is new to the method that has seen least of it."""
        return max((self._rarity(key, case) for key in self.possible(case)), default=0.0)

    def count(self, key: str, case: Case) -> None:
        """Book a check as made."""
        self._seen[key].update(features(case))

    def time(self, key: str, seconds: float) -> None:
        """Book what a check took, the harness' part included."""
        self._seconds[key] = _mean(self.seconds(key), seconds)
        self._typical = _mean(self._typical, seconds)

    def seconds(self, key: str) -> float:
        """Return the mean time that a check takes; of one never asked, that of all the others."""
        return self._seconds.get(key, self._typical)

    def _claim(self, key: str, case: Case) -> float:
        return self._rarity(key, case) / max(self.seconds(key), _LEAST)

    def _rarity(self, key: str, case: Case) -> float:
        seen, found = self._seen[key], features(case)
        return sum(1 / (1 + seen[word]) for word in found) / len(found)


def _mean(before: float, seconds: float) -> float:
    return float(before * (max(seconds, _LEAST) / before) ** _WEIGHT)
