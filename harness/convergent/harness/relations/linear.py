"""Relations of numbers: the maps are linear, and adjoint to each other."""

from __future__ import annotations

import numpy as np

from convergent.cases.case import Case
from convergent.cases.dtypes import FORMATS, Array, decode, encode
from convergent.harness.relations.majorant import longest
from convergent.harness.relations.twin import Claim, Move, Place, Relation, Twin, driven

_FAR, _NEAR = 20, 3  # binary places of a scale, for formats of wide and of narrow exponents
_LARGEST_DRAW = 6.0  # of normal data


def _adjoint(case: Case, op: str) -> Claim | None:
    partner = "backprop_input" if op == "conv" else "conv"
    return Claim(kind="inner", twins=(Twin(case=case, op=partner),))


def _scaling(case: Case, op: str) -> Claim | None:
    factor = 2.0 ** _places(case, op)
    return Claim(kind="bits", twins=(_changed(case, op, _times(case, factor)),), factor=factor)


def _negation(case: Case, op: str) -> Claim | None:
    return Claim(kind="bits", twins=(_changed(case, op, _times(case, -1.0)),), factor=-1.0)


def _additive(case: Case, op: str) -> Claim | None:
    return Claim(kind="sum", twins=tuple(_changed(case, op, _every_second(i)) for i in (0, 1)))


def _changed(case: Case, op: str, put: Move) -> Twin:
    place = Place(put=put)
    return Twin(case=case, x=place) if driven(op) == "x" else Twin(case=case, y=place)


def _places(case: Case, op: str) -> int:
    """Return the power of two of a scale that lets neither operand nor result leave its format."""
    form = FORMATS[case.dtype]
    if form.emax > 2 * _FAR:
        return _FAR
    # Drawn numbers are small and many, and lose bits below; integers and goldens have room there.
    drawn = case.data in ("normal", "uniform")
    largest = longest(case, op) * _LARGEST_DRAW**2 * 2**_NEAR
    return _NEAR if drawn and largest <= form.largest else -_NEAR


def _times(case: Case, factor: float) -> Move:
    return lambda array: encode(decode(array, case.dtype) * factor, case.dtype)


def _every_second(first: int) -> Move:
    def put(array: Array) -> Array:
        kept = np.zeros(array.size, array.dtype)
        kept[first::2] = array.reshape(-1)[first::2]
        return kept.reshape(array.shape)

    return put


LINEAR = (
    Relation(
        name="adjoint",
        meaning="<conv(x, w), d_y> = <x, d_x> = <d_w, w>: gradients are the adjoint maps",
        claims=_adjoint,
    ),
    Relation(
        name="scaling",
        meaning="an operand times a power of two gives the result times it, to the last bit",
        claims=_scaling,
    ),
    Relation(
        name="negation",
        meaning="the negative of an operand gives the negative, to the last bit",
        claims=_negation,
    ),
    Relation(
        name="additive",
        meaning="B(x1 + x2, w) = B(x1, w) + B(x2, w): every second number alone, and the others",
        claims=_additive,
    ),
)
