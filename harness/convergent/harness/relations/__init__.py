"""Relations between results that need no oracle: what else must hold if a result is right.

A relation derives *twins* of a problem, whose results it knows from the result at hand: the batch
in another order, a stride as every second place of stride one. The method under test computes
both; nothing else does, so that a problem of any size on any device is judged.
"""

from convergent.harness.relations.checks import RELATIONS, claim, gap, involved, keys, split
from convergent.harness.relations.majorant import Problem
from convergent.harness.relations.measure import measure
from convergent.harness.relations.sides import Given
from convergent.harness.relations.twin import RELATED, Claim, Relation, Twin

__all__ = [
    "RELATED",
    "RELATIONS",
    "Claim",
    "Given",
    "Problem",
    "Relation",
    "Twin",
    "claim",
    "gap",
    "involved",
    "keys",
    "measure",
    "split",
]
