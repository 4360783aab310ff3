"""The drawings of a case by name, each as HTML to be put into any page that has ``picture.css``."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from convergent.cases.case import Case
from convergent.cases.dtypes import Float64, decode
from convergent.cases.errors import InvalidCase
from convergent.harness.referee import Referee, refuses
from convergent.reports.picture.channels import MOST, channels
from convergent.reports.picture.entries import entries, thinned
from convergent.reports.picture.grid import KINDS, Square, place
from convergent.reports.picture.plans import MOST_PLACES, MOST_SLICES, Operands
from convergent.reports.picture.sparse import sparse
from convergent.reports.picture.svg import CELL, tag
from convergent.reports.picture.view import view
from convergent.reports.picture.window import MAPS, MOST_OF_MANY, is_empty, window

DRAWINGS = (*MAPS, "matrix", "transposed", "channels", "key")
_TOO_LARGE = (
    f"No window is drawn: one covers at most {MOST_PLACES} places of an axis, {MOST_OF_MANY} where "
    f"channels are summed, {MOST_SLICES} of the depth."
)
_EMPTY = "No window is drawn: an operand or the result is empty."


def operands(case: Case) -> Operands:
    """Return ``x``, ``w`` and ``d_y`` of a case as float64 in canonical shapes.

    Raises ``InvalidCase`` if they do not fit into this machine's memory.
    """
    if reason := refuses(case):
        raise InvalidCase(reason)
    x, w, dy = (decode(array, case.dtype) for array in Referee().operands(case))
    return x, w, dy


def figure(case: Case, name: str, given: Operands) -> Markup:
    """Return the drawing ``name``, one of ``DRAWINGS``, of a case and its operands."""
    return tag("div", _drawn(case, name, given), class_="picture")


def _drawn(case: Case, name: str, given: Operands) -> Markup:
    if name == "key":
        windows = [window(case, op, given) for op in MAPS]
        found = [int(k) for shown in windows if shown for k in np.unique(shown.kinds)]
        return _key({KINDS[k] for k in found})
    if name == "channels":
        hidden = max(case.in_channels, case.out_channels) > MOST
        more = [tag("p", f"The first {MOST} of each side are drawn.", class_="note")] * hidden
        return tag("div", tag("div", channels(case), class_="scroll"), *more, class_="drawn")
    if name in MAPS:
        shown = window(case, name, given)
        if shown is None:
            return tag("p", _EMPTY if is_empty(case) else _TOO_LARGE, class_="note")
        return view(case, shown)
    return _matrix(case, given[1], transposed=name == "transposed")


def _matrix(case: Case, w: Float64, *, transposed: bool) -> Markup:
    one = thinned(case)
    found = entries(one, w[..., : one.in_channels // one.groups, : one.out_channels])
    rows, columns = reversed(found.size) if transposed else found.size
    name, of = ("Aᵀ", "d_x = Aᵀ d_y") if transposed else ("A", "y = A x")
    notes = []
    if one != case:
        said = "Of input channel 0 and output channel 0; each pair of a group has such a matrix."
        notes.append(tag("p", said, class_="note"))
    if found.size != found.shown:
        shown = "×".join(str(n) for n in (reversed(found.shown) if transposed else found.shown))
        notes.append(tag("p", f"The first {shown} of {rows}×{columns} are drawn.", class_="note"))
    title = tag("p", tag("b", name), " ", tag("small", f"{rows}×{columns}, {of}"), class_="name")
    label = f"The sparse matrix {name} of {of}, {rows} rows and {columns} columns"
    drawn = sparse(found, label, transposed=transposed)
    return tag("div", title, tag("div", drawn, class_="scroll"), *notes, class_="drawn panel")


def _key(found: set[str]) -> Markup:
    """Return what the squares of the kinds ``found`` mean."""
    kinds = {
        "data": "a number of the operand",
        "inserted": "a zero between two places",
        "padding": "a zero around the edge",
        "cropped": "cut off",
    }
    at = (0, 0, 0, 0)
    items = [
        tag("li", tag("svg", place(0, 0, Square(at, 0.0, kind)), width=CELL, height=CELL,
                      viewBox=f"0 0 {CELL} {CELL}", aria_hidden="true"), tag("span", meaning))
        for kind, meaning in kinds.items()
        if kind in found
    ]  # fmt: skip
    return tag("ul", *items, class_="keys")
