"""How often variants come to the same answer, and which one stands alone.

A *question* is an op of a case. A variant answers it by each of its methods: the worst verdict of
them counts, and the bits of the plainest one.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from convergent.backends import registry
from convergent.cases.record import record
from convergent.harness import relations
from convergent.harness.outcome import Outcome

MOST = 60
"""Between more variants no pairs are counted."""
_PLAINNESS = {"native": 0, "autodiff": 1}
_ABSENT, _AGREES, _WRONG = -1, 0, 1


@record
class Pair:
    """Questions that two variants both answered: ``same`` verdicts, ``bits`` equal to the last."""

    asked: int
    same: int
    bits: int


@record
class Loner:
    """A backend (or variant) that was ``alone`` wrong in so many questions, of those ``asked``.

    A question counts where at least two others answered it and all of the others agree.
    """

    name: str
    alone: int
    asked: int
    example: str  # op/case


@record
class Agreement:
    """Pairs by two places in ``variants``; the lower triangle alone. Loners, the worst first."""

    variants: tuple[str, ...]
    pairs: dict[tuple[int, int], Pair]
    backends: tuple[Loner, ...]
    loners: tuple[Loner, ...]


class Answers:
    """Gathers answers one by one."""

    def __init__(self) -> None:
        self._questions: dict[tuple[str, str], int] = {}
        self._variants: dict[str, int] = {}
        self._wrong: dict[tuple[int, int], bool] = {}
        self._bits: dict[tuple[int, int], tuple[int, int]] = {}

    def add(self, o: Outcome) -> None:
        """Take one outcome; a gap and a relation between results answer nothing."""
        if o.verdict in ("unsupported", "mistrusted") or relations.split(o.key)[1]:
            return
        question = self._questions.setdefault((o.op, o.case), len(self._questions))
        place = (question, self._variants.setdefault(o.variant, len(self._variants)))
        self._wrong[place] = self._wrong.get(place, False) or o.verdict != "agrees"
        if o.digest:
            plain = (_PLAINNESS.get(o.method, 2), hash(o.digest))
            if place not in self._bits or plain[0] < self._bits[place][0]:
                self._bits[place] = plain

    def agreement(self, order: Iterable[str]) -> Agreement:
        """Return what the answers come to; variants in the given ``order``."""
        names = tuple(name for name in order if name in self._variants)
        columns = [self._variants[name] for name in names]
        verdicts = np.full((len(self._questions), len(self._variants)), _ABSENT, np.int8)
        bits = np.zeros(verdicts.shape, np.int64)
        for place, wrong in self._wrong.items():
            verdicts[place[0], place[1]] = _WRONG if wrong else _AGREES
        for place, (_, digest) in self._bits.items():
            bits[place[0], place[1]] = digest
        verdicts, bits = verdicts[:, columns], bits[:, columns]
        backends = list(dict.fromkeys(map(registry.backend_of, names)))
        of = np.array([backends.index(registry.backend_of(name)) for name in names], int)
        worst = np.full((len(verdicts), len(backends)), _ABSENT, np.int8)
        for number in range(len(backends)):
            worst[:, number] = verdicts[:, of == number].max(axis=1, initial=_ABSENT)
        return Agreement(
            variants=names,
            pairs=_pairs(verdicts, bits) if len(names) <= MOST else {},
            backends=self._loners(backends, worst),
            loners=self._loners(list(names), verdicts),
        )

    def _loners(self, names: list[str], verdicts: npt.NDArray[np.int8]) -> tuple[Loner, ...]:
        asked = verdicts != _ABSENT
        wrong = verdicts == _WRONG
        enough = asked.sum(axis=1) > 2  # noqa: PLR2004 - itself and two others
        alone = wrong & (wrong.sum(axis=1) == 1)[:, None] & enough[:, None]
        questions = list(self._questions)
        found = []
        for place, name in enumerate(names):
            rows = np.flatnonzero(alone[:, place])
            example = "/".join(questions[rows[0]]) if len(rows) else ""
            counted = int((asked[:, place] & enough).sum())
            found.append(Loner(name=name, alone=len(rows), asked=counted, example=example))
        return tuple(sorted(found, key=lambda loner: -loner.alone))


def _pairs(
    verdicts: npt.NDArray[np.int8], bits: npt.NDArray[np.int64]
) -> dict[tuple[int, int], Pair]:
    found: dict[tuple[int, int], Pair] = {}
    for high in range(verdicts.shape[1]):
        for low in range(high):
            both = (verdicts[:, high] != _ABSENT) & (verdicts[:, low] != _ABSENT)
            asked = int(both.sum())
            if not asked:
                continue
            same = int((both & (verdicts[:, high] == verdicts[:, low])).sum())
            equal = both & (bits[:, high] == bits[:, low]) & (bits[:, high] != 0)
            found[high, low] = Pair(asked=asked, same=same, bits=int(equal.sum()))
    return found
