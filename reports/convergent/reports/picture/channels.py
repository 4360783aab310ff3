"""Which input channels each output channel sees: groups as a drawing of lines."""

from __future__ import annotations

from markupsafe import Markup

from convergent.cases.case import Case
from convergent.reports.picture.svg import drawing, hue, tag

MOST = 16  # channels of a side that are drawn
_STEP, _WIDTH, _RADIUS, _TOP = 30, 240, 9, 34
_LEFT, _RIGHT = 40, 200


def channels(case: Case) -> Markup:
    """Return a drawing of the first channels, a colour per group."""
    inputs, outputs = min(case.in_channels, MOST), min(case.out_channels, MOST)
    each_in, each_out = case.in_channels // case.groups, case.out_channels // case.groups
    height = _TOP + max(inputs, outputs, 1) * _STEP
    lines = [
        tag(
            "line",
            x1=_LEFT + _RADIUS,
            y1=_at(c),
            x2=_RIGHT - _RADIUS,
            y2=_at(o),
            stroke=hue(o // each_out),
        )
        for o in range(outputs)
        for c in range(inputs)
        if o // each_out == c // each_in
    ]
    nodes = [_node(_LEFT, c, c // each_in) for c in range(inputs)]
    nodes += [_node(_RIGHT, o, o // each_out) for o in range(outputs)]
    heads = [
        tag("text", f"{n} channels {word}", x=x, y=12, class_="caption")
        for n, word, x in (
            (case.in_channels, "of x", _LEFT + 12),
            (case.out_channels, "of y", _RIGHT - 12),
        )
    ]
    label = (
        f"{case.groups} groups: each output channel sees {each_in} of {case.in_channels} channels"
    )
    return drawing(_WIDTH, height, label, *heads, tag("g", *lines, class_="links"), *nodes)


def _at(number: int) -> int:
    return _TOP + number * _STEP


def _node(x: int, number: int, group: int) -> Markup:
    dot = tag("circle", cx=x, cy=_at(number), r=_RADIUS, fill=hue(group), class_="entry")
    return tag("g", dot, tag("text", str(number), x=x, y=_at(number)), class_="node")
