"""What a relation says: the twins of a problem, and how their results lie to the one at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from convergent.backends.base import OPS
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from convergent.cases.record import record

Move = Callable[[Array], Array]

RELATED = ("conv", "backprop_input", "backprop_filter", "transpose")
"""The ops that relations speak of: the three maps of the definition, and the transpose."""

Kind = Literal["each", "sum", "bits", "inner"]


def role(op: str) -> str:
    """Return which operand the result of ``op`` is shaped like: ``x``, ``w`` or ``y``."""
    return OPS[op][0]


def driven(op: str) -> str:
    """Return the operand in which a relation of numbers changes ``op``, which is linear in it."""
    return "x" if op == "conv" else "y"


def still(array: Array) -> Array:
    """Return ``array``."""
    return array


@record
class Place:
    """How an image, a filter or an output lies in that of the twin.

    ``put`` makes the twin's operand. Where it is the result, ``ours`` of the result at hand equals
    ``theirs`` of the twin's. Both only pick and reorder elements, and give views. Stored arrays,
    canonical axes (bfloat16: bits).
    """

    put: Move = still
    ours: Move = still
    theirs: Move = still


STILL = Place()


@record
class Twin:
    """Another problem: its case and how each operand is made; ``op`` if another is asked of it."""

    case: Case
    x: Place = STILL
    w: Place = STILL
    y: Place = STILL
    op: str = ""

    def place(self, role: str) -> Place:
        """Return the place of ``x``, ``w`` or ``y``."""
        found: Place = getattr(self, role)
        return found

    def operands(self, given: Operands) -> Operands:
        """Return the twin's operands, made from those of the problem at hand."""
        return Operands(self.x.put(given.x), self.w.put(given.w), self.y.put(given.dy))


@record
class Claim:
    """What must hold between a result and those of its twins.

    *each*: the parts that it has in common with each twin are equal but for rounding.
    *sum*: it is the sum of the twins' results.
    *bits*: the twin's is ``factor`` times this one, to the last bit on any data.
    *inner*: its inner product with the operand of its shape is that of the twin.
    """

    kind: Kind
    twins: tuple[Twin, ...]
    factor: float = 1.0


@record
class Relation:
    """A relation: its name, its meaning in one line, and what it claims of an op of a case.

    ``claims`` returns ``None`` where it says nothing, and may raise ``InvalidCase`` there.
    """

    name: str
    meaning: str
    claims: Callable[[Case, str], Claim | None]
