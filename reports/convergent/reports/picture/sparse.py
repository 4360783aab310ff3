"""The sparse matrix of a convolution and its transpose: a colour per tap, as weights are shared."""

from __future__ import annotations

from markupsafe import Markup

from convergent.reports.picture.entries import Entries
from convergent.reports.picture.svg import drawing, hue, short, size, tag

_SIDE = 430  # pixels of a matrix too large for numbers
_LARGEST, _SMALLEST = 24, 5
_READABLE = 18  # rows and columns up to which numbers are written
_EDGE = 1
_ROOM = 2  # characters of a number at full size
_GRID = 9  # pixels from which on lines between cells help


def sparse(found: Entries, label: str, *, transposed: bool = False) -> Markup:
    """Return a drawing of the matrix, rows from top to bottom."""
    rows, columns = reversed(found.shown) if transposed else found.shown
    longest = max(rows, columns)
    side = _LARGEST if longest <= _READABLE else max(_SMALLEST, _SIDE // longest)
    height, width = rows * side, columns * side
    parts = [tag("rect", x=_EDGE, y=_EDGE, width=width, height=height, class_="ground")]
    if side >= _GRID:
        parts += _lines(rows, columns, side)
    for row, column, tap, value in found.cells:
        down, across = (column, row) if transposed else (row, column)
        left, top = _EDGE + across * side, _EDGE + down * side
        parts.append(
            tag("rect", x=left, y=top, width=side, height=side, class_="entry", fill=hue(tap))
        )
        if side == _LARGEST:
            text, middle = short(value), side / 2
            kind = size(text, _ROOM)
            parts.append(tag("text", text, x=left + middle, y=top + middle, class_=kind))
    band = tag("rect", x=_EDGE, y=_EDGE, width=width, height=side, class_="band")
    return drawing(
        width + 2 * _EDGE,
        height + 2 * _EDGE,
        label,
        *parts,
        band,
        data_side=side,
        data_rows=rows,
        class_="transposed" if transposed else "straight",
    )


def _lines(rows: int, columns: int, side: int) -> list[Markup]:
    height, width = rows * side, columns * side
    down = [f"M{_EDGE + c * side} {_EDGE}v{height}" for c in range(1, columns)]
    across = [f"M{_EDGE} {_EDGE + r * side}h{width}" for r in range(1, rows)]
    return [tag("path", d="".join(down + across), class_="lines")] if down or across else []
