"""A panel of places: the values of an operand or a result, zeros that were put in, colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from convergent.cases.dtypes import Float64
from convergent.reports.picture.plans import CROPPED, DATA, INSERTED, PADDING, Kinds
from convergent.reports.picture.svg import CELL, drawing, exact, short, size, tag

KINDS = {DATA: "data", INSERTED: "inserted", PADDING: "padding", CROPPED: "cropped"}
_GAP, _CAPTION, _EDGE = 10, 16, 2
_ROOM = 3  # characters that fit into a place at the full size of the letters

Place = tuple[int, int, int, int]


class Square(NamedTuple):
    """A place as it is drawn: its number, what it is, its colour, and whether it is framed."""

    at: Place
    value: float
    kind: str
    tint: str | None = None
    is_marked: bool = False


def grid(
    label: str,
    values: Float64,
    kinds: Kinds | None = None,
    tints: Mapping[Place, str] | None = None,
    marked: Place | None = None,
) -> Markup:
    """Return a drawing of ``values`` ``(channel, depth, height, width)``, a plane per channel.

    ``tints`` are the colours of places, ``marked`` is the place with a frame. Planes of one
    channel stand side by side, channels below each other.
    """
    channels, depth, height, width = values.shape
    caption = _CAPTION if channels > 1 or depth > 1 else 0
    across, down = width * CELL + _GAP, height * CELL + caption + _GAP
    parts = []
    for c, z in np.ndindex(channels, depth):
        left, top = _EDGE + z * across, _EDGE + c * down + caption
        if caption:
            said = [f"channel {c}"] * (channels > 1) + [f"depth {z}"] * (depth > 1)
            parts.append(_caption(", ".join(said), left, top, width * CELL))
        for y, x in np.ndindex(height, width):
            at = (c, z, y, x)
            kind = KINDS[int(kinds[z, y, x])] if kinds is not None else "data"
            square = Square(at, float(values[at]), kind, (tints or {}).get(at), at == marked)
            parts.append(place(left + x * CELL, top + y * CELL, square))
    total = depth * across - _GAP + 2 * _EDGE, channels * down - _GAP + 2 * _EDGE
    return drawing(*total, label, *parts)


def place(left: float, top: float, square: Square) -> Markup:
    """Return one place: a square with its number."""
    box = tag(
        "rect", x=left + 0.5, y=top + 0.5, width=CELL - 1, height=CELL - 1, rx=2,
        fill=square.tint,
    )  # fmt: skip
    text = short(square.value)
    number = tag("text", text, x=left + CELL / 2, y=top + CELL / 2, class_=size(text, _ROOM))
    words = ["place", square.kind]
    words += ["tinted"] * bool(square.tint) + ["marked"] * square.is_marked
    at = ",".join(map(str, square.at))
    return tag("g", box, number, class_=" ".join(words), data_at=at, data_v=exact(square.value))


def _caption(said: str, left: float, top: float, width: float) -> Markup:
    return tag("text", said, x=left + width / 2, y=top - 8, class_="caption")
