"""Which relations a method is asked for, and under what name: ``conv/native@batch_order``."""

from __future__ import annotations

import functools

from convergent.backends.variant import Variant
from convergent.cases.case import SPECIAL, Case
from convergent.cases.errors import InvalidCase
from convergent.cases.features import features
from convergent.harness.relations.linear import LINEAR
from convergent.harness.relations.order import ORDER
from convergent.harness.relations.space import SPACE
from convergent.harness.relations.twin import RELATED, Claim, Relation, Twin

RELATIONS: dict[str, Relation] = {r.name: r for r in (*LINEAR, *ORDER, *SPACE)}
"""Each relation by its name."""

MARK = "@"


def split(key: str) -> tuple[str, str]:
    """Return the method's key and the relation's name of a check; the latter may be empty.

    >>> split("conv/native@flipped"), split("conv/native")
    (('conv/native', 'flipped'), ('conv/native', ''))
    """
    method, _, relation = key.partition(MARK)
    return method, relation


def keys(asked: Variant, method: str, case: Case) -> list[str]:
    """Return the checks of relations that ``op/method`` of ``case`` can be asked."""
    if asked.gap(method, case):
        return []
    found = (f"{method}{MARK}{name}" for name in RELATIONS)
    return [key for key in found if claim(key, case) and not gap(asked, key, case)]


def gap(asked: Variant, key: str, case: Case) -> str:
    """Say why a relation cannot be asked: the method, or a twin, has a declared gap."""
    for method, twin in involved(asked, key, case):
        if not method:
            return "no method of the adjoint op can do this case"
        if found := asked.gap(method, twin):
            here = "" if twin == case else f"{method} of the twin {twin}: "
            return f"{here}{found.reason}"
    return ""


def involved(asked: Variant, key: str, case: Case) -> list[tuple[str, Case]]:
    """Return every ``op/method`` and case that a check calls: its own first, then its twins'."""
    method, relation = split(key)
    if not relation:
        return [(method, case)]
    found = claim(key, case)
    twins = found.twins if found else ()
    return [(method, case), *((partner(asked, method, twin), twin.case) for twin in twins)]


def partner(asked: Variant, method: str, twin: Twin) -> str:
    """Return what computes ``twin``: the method itself, or the first that can of another op."""
    if not twin.op:
        return method
    others = (m.key for m in asked.methods().values() if m.op == twin.op)
    return next((key for key in others if asked.gap(key, twin.case) is None), "")


def claim(key: str, case: Case) -> Claim | None:
    """Return what the relation of ``key`` claims; ``None`` where it says nothing."""
    method, relation = split(key)
    return _claim(relation, method.partition("/")[0], case)


@functools.lru_cache(maxsize=4096)
def _claim(relation: str, op: str, case: Case) -> Claim | None:
    if op not in RELATED or case.data in SPECIAL or "empty" in features(case):
        return None
    try:
        return RELATIONS[relation].claims(case, op)
    except InvalidCase:  # the twin would be none, such as an image cropped away
        return None
