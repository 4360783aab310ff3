"""A window as a figure: what is read, through what, and what comes of it; one sum in full."""

from __future__ import annotations

import itertools
import math

import numpy as np
from markupsafe import Markup

from convergent.cases.case import Case
from convergent.reports.picture.entries import thinned
from convergent.reports.picture.grid import Place, grid
from convergent.reports.picture.plans import DATA, Sizes
from convergent.reports.picture.svg import exact, hue, tag
from convergent.reports.picture.window import Window

NAMES = {
    "conv": ("x", "w", "y"),
    "backprop_input": ("d_y", "w, turned", "d_x"),
    "backprop_filter": ("x", "d_y", "d_w"),
}
WORDS = {
    "conv": "Slide the filter over the image; the products under it are added.",
    "backprop_input": "The transposed convolution: zeros between and around the places of d_y, "
    "the filter turned round, stride one.",
    "backprop_filter": "Slide the output gradient over the image, its places as far apart as the "
    "stride, by steps of the dilation.",
}
MOST_PRODUCTS = 9


def view(case: Case, shown: Window, chosen: Sizes | None = None) -> Markup:
    """Return the figure of one map; the result ``chosen`` (else a middle one) is written out."""
    at = chosen or _middle(shown.result.shape)
    source, taps, result = NAMES[shown.op]
    tinted = _tap_colours(case, shown)
    by_result = shown.op == "backprop_filter"
    read = {
        place: tinted[(0, *at)] if by_result else tinted[tap] for tap, place in reads(shown, at)
    }
    after = {tap: tinted[(0, *at)] for tap, _ in reads(shown, at)} if by_result else tinted
    panels = (
        _panel(source, _size(case, shown.source.shape[1:]),
               grid(f"{source}, with what it reads", shown.source, shown.kinds, read), "source"),
        _panel(taps, _size(case, shown.taps.shape[1:]), grid(taps, shown.taps, None, after),
               "taps", "⋆"),
        _panel(result, _size(case, shown.result.shape),
               grid(result, shown.result[None], None, tinted if by_result else None, (0, *at)),
               "result", "="),
    )  # fmt: skip
    return tag(
        "div", tag("div", *panels, class_="panels"),
        tag("p", sum_of(case, shown, at), class_="sum", aria_live="polite"),
        *(tag("p", said, class_="note") for said in shown.left_out),
        class_=f"window {shown.op}", data_name=result, data_dims=case.dims,
        data_start=_by(shown.start), data_stride=_by(shown.stride),
        data_dilation=_by(shown.dilation), data_most=MOST_PRODUCTS,
        data_row=_by(_row(case, shown.op)),
    )  # fmt: skip


def reads(shown: Window, at: Sizes) -> list[tuple[Place, Place]]:
    """Return each tap with the place of the source that it reads for the result ``at``."""
    found: list[tuple[Place, Place]] = []
    for c, *tap in np.ndindex(*shown.taps.shape):
        axes = zip(shown.start, at, shown.stride, tap, shown.dilation, strict=True)
        z, y, x = (start + r * s + t * d for start, r, s, t, d in axes)
        found.append(((c, tap[0], tap[1], tap[2]), (c, z, y, x)))
    return found


def sum_of(case: Case, shown: Window, at: Sizes) -> str:
    """Return the sum of one result as text, with those products that meet no zero put in."""
    products = [
        f"{_factor(shown.source[place])} · {_factor(shown.taps[tap])}"
        for tap, place in reads(shown, at)
        if shown.kinds[place[1:]] == DATA
    ]
    if len(products) > MOST_PRODUCTS:
        products[MOST_PRODUCTS:] = [f"… ({len(products) - MOST_PRODUCTS} more)"]
    index = ", ".join(str(n) for n in at[3 - case.dims :])
    total = exact(float(shown.result[at]))
    return f"{NAMES[shown.op][2]}[{index}] = {' + '.join(products) or 'no product'} = {total}"


def _tap_colours(case: Case, shown: Window) -> dict[Place, str]:
    """Return the colours of the kernel's taps where this figure has them."""
    shape = shown.result.shape if shown.op == "backprop_filter" else shown.taps.shape[1:]
    channels = 1 if shown.op == "backprop_filter" else len(shown.taps)
    whole = (1,) * (3 - case.dims) + case.kernel
    last = math.prod(whole) - 1
    colours: dict[Place, str] = {}
    for c, (z, y, x) in itertools.product(range(channels), np.ndindex(*shape)):
        tap = int(np.ravel_multi_index((z, y, x), whole))
        colours[c, z, y, x] = hue(last - tap if shown.op == "backprop_input" else tap)
    return colours


def _row(case: Case, op: str) -> Sizes:
    """Return how many rows of the matrix a step along each axis of the result is."""
    drawn = thinned(case)
    sizes = case.output if op == "conv" else case.input
    channels = drawn.out_channels if op == "conv" else drawn.in_channels
    _, height, width = (*(1,) * (3 - case.dims), *sizes)
    return height * width * channels, width * channels, channels


def _middle(sizes: tuple[int, ...]) -> Sizes:
    z, y, x = (n // 2 for n in sizes)
    return z, y, x


def _panel(name: str, size: str, drawn: Markup, role: str, sign: str = "") -> Markup:
    """Return a drawing under its name; the sign before it never parts from it."""
    said = tag("p", tag("b", name), " ", tag("small", size), class_="name")
    panel = tag("div", said, tag("div", drawn, class_="scroll"), class_=f"panel {role}")
    before = tag("span", sign, class_="sign", aria_hidden="true") if sign else ""
    return tag("div", before, panel, class_="step")


def _size(case: Case, sizes: tuple[int, ...]) -> str:
    return "×".join(str(n) for n in sizes[3 - case.dims :])


def _by(sizes: Sizes) -> str:
    return ",".join(str(n) for n in sizes)


def _factor(value: float) -> str:
    text = exact(float(value))
    return f"({text})" if text.startswith("−") else text
