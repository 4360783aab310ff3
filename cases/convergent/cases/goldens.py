"""The worked examples that the source documents publish: a case, its operands and its answers.

``goldens.toml`` holds them as data. A case asks for one by its kind of data (``golden3``). Only
the referee reads them: the file needs ``tomllib``, which Python 3.11 brought.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from convergent.cases import data, dtypes
from convergent.cases.case import Case
from convergent.cases.dtypes import Float64
from convergent.cases.errors import InvalidCase
from convergent.cases.record import record
from convergent.cases.text import parse

ROLES = ("x", "w", "dy")

# The axes of each op's result: a layer above has the same table, which this one may not import.
_RESULTS = {
    "conv": ("dy",),
    "backprop_input": ("x",),
    "backprop_filter": ("w",),
    "transpose": ("x",),
    "jacobian_input": ("dy", "x"),
    "jacobian_filter": ("dy", "w"),
    "transpose_jacobian_input": ("x", "dy"),
    "transpose_jacobian_filter": ("x", "w"),
}


@record
class Golden:
    """A published example; arrays are float64 in canonical shape.

    ``given`` holds the operands that the source gives and ``expected`` its results by op,
    ``elements`` single elements of a result by op and canonical index. ``printed`` holds the wrong
    numbers of a source that errs, and ``erratum`` says why. ``drawn`` are the ends of the
    integers that the other operands are drawn from, ``any_batch`` leaves the batch free.
    """

    name: str
    case: Case
    source: str
    given: Mapping[str, Float64]
    expected: Mapping[str, Float64]
    elements: Mapping[str, Mapping[tuple[int, ...], float]]
    erratum: str
    printed: Mapping[str, Float64]
    drawn: tuple[int, int] | None
    any_batch: bool


def names() -> list[str]:
    """Return the names of all goldens, in the order of the sources."""
    return list(_table())


@functools.cache
def get(name: str) -> Golden:
    """Return the golden of this name, or raise ``InvalidCase`` with the names there are."""
    if name not in _table():
        raise InvalidCase(f"data {name!r} is no golden; the goldens are {', '.join(names())}")
    entry = _table()[name]
    case = parse(entry["case"])
    shapes = _shapes(case)
    return Golden(
        name=name,
        case=case,
        source=entry["source"],
        given={role: _fill(entry[role], shapes[role]) for role in ROLES if role in entry},
        expected=_results(entry.get("expected", {}), case),
        elements={
            op: {tuple(found["index"]): float(found["value"]) for found in listed}
            for op, listed in entry.get("elements", {}).items()
        },
        erratum=entry.get("erratum", ""),
        printed=_results(entry.get("printed", {}), case),
        drawn=tuple(entry["drawn"]) if "drawn" in entry else None,
        any_batch=entry.get("any_batch", False),
    )


def of(case: Case) -> Golden:
    """Return the golden of a golden case.

    The dtype, the layout and the seed are free; the rest must be the golden's, or
    ``InvalidCase`` is raised.
    """
    golden = get(case.data)
    same = golden.case.replace(dtype=case.dtype, layout=case.layout, seed=case.seed)
    if golden.any_batch:
        same = same.replace(batch=case.batch)
    if case != same:
        raise InvalidCase(f"{golden.name} has other sizes than {case}; write {same}")
    return golden


def operands(case: Case) -> tuple[Float64, Float64, Float64]:
    """Return ``x``, ``w`` and ``dy`` of a golden case, float64, canonical shapes.

    Raises ``InvalidCase`` as ``of`` does.
    """
    golden = of(case)
    x, w, dy = (
        golden.given[role] if role in golden.given else _draw(case, number, golden)
        for number, role in enumerate(ROLES)
    )
    return x, w, dy


def _draw(case: Case, number: int, golden: Golden) -> Float64:
    if golden.drawn is None:
        return dtypes.decode(data.make(case.replace(data="exact"))[number], case.dtype)
    shape = _shapes(case)[ROLES[number]]
    low, high = golden.drawn
    words = data.raw(case, number, math.prod(shape)) >> np.uint64(33)
    return (low + (words % np.uint64(high - low + 1)).astype(np.float64)).reshape(shape)


def _results(entry: Mapping[str, Any], case: Case) -> dict[str, Float64]:
    shapes = _shapes(case)
    return {
        op: _fill(nested, tuple(n for role in _RESULTS[op] for n in shapes[role]))
        for op, nested in entry.items()
    }


def _shapes(case: Case) -> dict[str, tuple[int, ...]]:
    return dict(zip(ROLES, (case.x_shape, case.w_shape, case.y_shape)))


def _fill(nested: Any, shape: tuple[int, ...]) -> Float64:
    """Return the array of an entry: unit axes put back, channels repeated where it has none."""
    array = np.asarray(nested, np.float64)
    if array.size not in (1, math.prod(shape)):
        array = array.reshape(*shape[:-1], 1)
    elif array.size == math.prod(shape):
        array = array.reshape(shape)
    return np.broadcast_to(array, shape).copy()


@functools.cache
def _table() -> dict[str, dict[str, Any]]:
    import tomllib

    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
